"""Whether an alarm sounds at a time, told from its metric as CloudWatch does."""

from __future__ import annotations

import datetime
import operator
from typing import Any

_COMPARISONS = {"GreaterThanThreshold": operator.gt, "LessThanThreshold": operator.lt}


def sounds(cloudwatch: Any, name: str, at: datetime.datetime) -> bool:
    """Tell whether all periods of the alarm's window breach, missing ones as it says."""
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    periods = alarm["EvaluationPeriods"]
    measured = cloudwatch.get_metric_statistics(
        Namespace=alarm["Namespace"],
        MetricName=alarm["MetricName"],
        Dimensions=alarm["Dimensions"],
        StartTime=at - datetime.timedelta(seconds=alarm["Period"] * periods),
        EndTime=at,
        Period=alarm["Period"],
        Statistics=[alarm["Statistic"]],
    )["Datapoints"]
    compare = _COMPARISONS[alarm["ComparisonOperator"]]
    breaching = [compare(each[alarm["Statistic"]], alarm["Threshold"]) for each in measured]
    missing = [alarm["TreatMissingData"] == "breaching"] * (periods - len(measured))
    return all(breaching + missing)
