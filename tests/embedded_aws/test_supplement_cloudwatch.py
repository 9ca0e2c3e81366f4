"""CloudWatch through boto3, where moto alone fails: metrics, alarms, saved queries."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.exceptions import ClientError

from harness.monitored import Metric, emitted_metrics, statistics

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.aws import EmbeddedAWS

    Clients = Callable[[str], Any]

ACCOUNT, REGION = "444444444444", "eu-west-1"
GROUP, STREAM = "/aws/lambda/gateway", "stream"
PART = {"Environment": "dev", "Service": "gateway"}


def directive(**changes: Any) -> dict[str, Any]:
    return {
        "Namespace": "Payments",
        "Dimensions": [["Environment", "Service"]],
        "Metrics": [{"Name": "CheckMs", "Unit": "Milliseconds"}, {"Name": "Checks"}],
        **changes,
    }


def embedded(*directives: Any, **members: Any) -> str:
    aws = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": list(directives)}
    return json.dumps({"_aws": aws, **PART, "CheckMs": [4, 6.5], "Checks": 1, **members})


def put(client: Clients, *messages: str) -> None:
    logs, now = client("logs"), int(time.time() * 1000)
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    events = [{"timestamp": now, "message": message} for message in messages]
    logs.put_log_events(logGroupName=GROUP, logStreamName=STREAM, logEvents=events)


def carried(client: Clients) -> set[Metric]:
    """The metrics of events themselves, beside that of how many came in."""
    emitted = emitted_metrics(client("cloudwatch"))
    return {metric for metric in emitted if metric.namespace != "AWS/Logs"}


@pytest.mark.mends("logs:PutLogEvents")
def test_events_that_come_in_are_counted(client: Clients) -> None:
    put(client, "one", "two")
    found = statistics(client("cloudwatch"), "AWS/Logs", "IncomingLogEvents", LogGroupName=GROUP)
    assert found["Sum"] == 2


@pytest.mark.mends("logs:PutLogEvents")
def test_metrics_are_taken_out_of_log_events(client: Clients) -> None:
    put(client, embedded(directive()), "plain", embedded(directive(), CheckMs=1))
    found = statistics(client("cloudwatch"), "Payments", "CheckMs", **PART)
    assert (found["SampleCount"], found["Sum"]) == (3, 11.5)
    assert (found["Minimum"], found["Maximum"]) == (1, 6.5)
    assert found["Unit"] == "Milliseconds"
    assert statistics(client("cloudwatch"), "Payments", "Checks", **PART)["Sum"] == 2


def test_each_dimension_set_is_a_metric_of_its_own(client: Clients) -> None:
    put(client, embedded(directive(Dimensions=[["Environment", "Service"], ["Service"], []])))
    pairs = {metric.dimensions for metric in carried(client)}
    both = frozenset(PART.items())
    assert pairs == {both, frozenset({("Service", "gateway")}), frozenset()}


INVALID = {
    "not_json": '{"_aws": ',
    "no_object": '["_aws"]',
    "no_directive": embedded(),
    "no_list": json.dumps({"_aws": {"Timestamp": 1, "CloudWatchMetrics": 5}}),
    "no_time": json.dumps({"_aws": {"CloudWatchMetrics": [directive()]}, **PART, "Checks": 1}),
    "no_namespace": embedded(directive(Namespace="")),
    "no_value": embedded(directive(Metrics=[{"Name": "Other"}])),
    "text": embedded(directive(), CheckMs="4"),
    "truth": embedded(directive(), Checks=True),
    "nothing": embedded(directive(), CheckMs=[]),
    "too_many": embedded(directive(), CheckMs=[1] * 101),
    "unknown_unit": embedded(directive(Metrics=[{"Name": "Checks", "Unit": "Euros"}])),
    "no_dimension": embedded(directive(Dimensions=[["Account"]])),
    "odd_dimension": embedded(directive(), Service=5),
    "deep": '{"_aws": ' + "[" * 100_000,
}


@pytest.mark.parametrize("case", INVALID)
def test_what_is_no_metric_stays_a_log_event(client: Clients, case: str) -> None:
    put(client, INVALID[case])
    assert carried(client) == set()
    kept = client("logs").get_log_events(logGroupName=GROUP, logStreamName=STREAM)["events"]
    assert [event["message"] for event in kept] == [INVALID[case]]


@pytest.mark.mends("cloudwatch:ListMetrics")
def test_a_metric_is_listed_once(client: Clients) -> None:
    cloudwatch = client("cloudwatch")
    dimensions = [{"Name": name, "Value": value} for name, value in PART.items()]
    for _ in range(2):
        datum = {"MetricName": "Checks", "Dimensions": dimensions, "Value": 1}
        cloudwatch.put_metric_data(Namespace="Payments", MetricData=[datum])
    assert len(cloudwatch.list_metrics(Namespace="Payments")["Metrics"]) == 1


@pytest.mark.mends("cloudwatch:PutCompositeAlarm")
def test_a_composite_alarm_is_kept(client: Clients) -> None:
    cloudwatch = client("cloudwatch")
    given = {
        "AlarmName": "burn",
        "AlarmRule": 'ALARM("long") AND ALARM("short")',
        "AlarmDescription": "Act now",
        "AlarmActions": [f"arn:aws:sns:{REGION}:{ACCOUNT}:pages"],
    }
    cloudwatch.put_composite_alarm(**given, Tags=[{"Key": "owner", "Value": "payments"}])
    (alarm,) = cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert {name: alarm[name] for name in given} == given
    tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    assert tags == [{"Key": "owner", "Value": "payments"}]
    cloudwatch.delete_alarms(AlarmNames=["burn"])
    assert cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"] == []


def alarm_on(statistic: str) -> dict[str, Any]:
    return {
        "AlarmName": "slow",
        "Namespace": "AWS/ApiGateway",
        "MetricName": "Latency",
        "ExtendedStatistic": statistic,
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 99,
        "ComparisonOperator": "LessThanThreshold",
    }


@pytest.mark.mends("cloudwatch:PutMetricAlarm")
def test_alarms_watch_percentile_ranks(client: Clients) -> None:
    cloudwatch = client("cloudwatch")
    cloudwatch.put_metric_alarm(**alarm_on("PR(:1500)"))
    (alarm,) = cloudwatch.describe_alarms()["MetricAlarms"]
    assert alarm["ExtendedStatistic"] == "PR(:1500)"


def test_alarms_refuse_statistics_that_do_not_exist(client: Clients) -> None:
    with pytest.raises(ClientError, match="is not supported"):
        client("cloudwatch").put_metric_alarm(**alarm_on("best(:1500)"))


@pytest.mark.mends("logs:PutQueryDefinition")
def test_a_query_is_saved_changed_and_deleted(client: Clients) -> None:
    logs = client("logs")
    given = {"name": "payments/one", "queryString": "fields @message", "logGroupNames": [GROUP]}
    identifier = logs.put_query_definition(**given)["queryDefinitionId"]
    logs.put_query_definition(**{**given, "name": "payments/two"}, queryDefinitionId=identifier)
    (saved,) = logs.describe_query_definitions(queryDefinitionNamePrefix="payments/")[
        "queryDefinitions"
    ]
    assert (saved["name"], saved["logGroupNames"]) == ("payments/two", [GROUP])
    assert logs.describe_query_definitions(queryDefinitionNamePrefix="x")["queryDefinitions"] == []
    assert logs.delete_query_definition(queryDefinitionId=identifier)["success"] is True
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.put_query_definition(**given, queryDefinitionId=identifier)


def entry(**changes: Any) -> dict[str, Any]:
    return {"Source": "aws.ecs", "DetailType": "State Change", "Detail": "{}", **changes}


@pytest.mark.mends("events:PutEvents")
def test_matches_are_counted_by_rule_and_bus(client: Clients) -> None:
    events = client("events")
    events.create_event_bus(Name="payments")
    pattern = json.dumps({"source": ["aws.ecs"]})
    events.put_rule(Name="failures", EventPattern=pattern)
    events.put_rule(Name="off", EventPattern=pattern, State="DISABLED")
    events.put_rule(Name="own", EventPattern=pattern, EventBusName="payments")
    events.put_events(Entries=[entry(), entry(), entry(Source="other")])
    events.put_events(Entries=[entry(EventBusName="payments")])
    found = statistics(client("cloudwatch"), "AWS/Events", "MatchedEvents", RuleName="failures")
    assert found["Sum"] == 2
    own = statistics(
        client("cloudwatch"), "AWS/Events", "MatchedEvents", RuleName="own", EventBusName="payments"
    )
    assert own["Sum"] == 1
    assert statistics(client("cloudwatch"), "AWS/Events", "MatchedEvents", RuleName="off") == {}


def test_a_schedule_matches_no_event(client: Clients) -> None:
    events = client("events")
    events.put_rule(Name="sweep", ScheduleExpression="rate(1 minute)")
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:sweeper"
    events.put_targets(Rule="sweep", Targets=[{"Id": "function", "Arn": function}])
    assert events.put_events(Entries=[entry()])["FailedEntryCount"] == 0
    assert emitted_metrics(client("cloudwatch")) == set()


def test_services_measure_behind_the_api(aws: EmbeddedAWS, client: Clients) -> None:
    sqs = client("sqs")
    address = sqs.create_queue(QueueName="letters")["QueueUrl"]
    sqs.send_message(QueueUrl=address, MessageBody="one")
    measurement = {
        "namespace": "AWS/Lambda",
        "name": "Duration",
        "dimensions": {"FunctionName": "gateway"},
        "unit": "Milliseconds",
        "at": time.time(),
        "count": 2,
        "total": 30,
        "least": 10,
        "most": 20,
    }
    answer = httpx.post(
        f"{aws.endpoint_url}/_embedded/metrics/{ACCOUNT}/{REGION}", json=[measurement]
    )
    assert answer.status_code == 200
    found = statistics(client("cloudwatch"), "AWS/Lambda", "Duration", FunctionName="gateway")
    assert (found["SampleCount"], found["Sum"], found["Maximum"]) == (2, 30, 20)
    waiting = "ApproximateNumberOfMessagesVisible"
    assert statistics(client("cloudwatch"), "AWS/SQS", waiting, QueueName="letters")["Maximum"] == 1
    pairs = frozenset({("FunctionName", "gateway")})
    assert Metric("AWS/Lambda", "Duration", pairs) in emitted_metrics(client("cloudwatch"))


def sum_over_zero(client: Clients, name: str = "errors", **changes: Any) -> None:
    client("cloudwatch").put_metric_alarm(
        **{
            "AlarmName": name,
            "Namespace": "Payments",
            "MetricName": "Failures",
            "Dimensions": [{"Name": "Service", "Value": "gateway"}],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 0,
            "TreatMissingData": "notBreaching",
            **changes,
        }
    )


def measure(
    client: Clients, value: float, *, minutes_ago: int = 0, service: str = "gateway"
) -> None:
    datum = {
        "MetricName": "Failures",
        "Dimensions": [{"Name": "Service", "Value": service}],
        "Value": value,
        "Timestamp": datetime.now(UTC) - timedelta(minutes=minutes_ago),
    }
    client("cloudwatch").put_metric_data(Namespace="Payments", MetricData=[datum])


def state_of(client: Clients, name: str) -> tuple[str, str]:
    described = client("cloudwatch").describe_alarms(AlarmNames=[name])
    (alarm,) = described["MetricAlarms"] + described["CompositeAlarms"]
    return alarm["StateValue"], alarm["StateReason"]


@pytest.mark.mends("cloudwatch:DescribeAlarms")
def test_an_alarm_sounds_when_its_metric_crosses_the_threshold(client: Clients) -> None:
    sum_over_zero(client)
    measure(client, 0)
    measure(client, 3, service="tokenizer")
    assert state_of(client, "errors")[0] == "OK"
    measure(client, 3)
    state, reason = state_of(client, "errors")
    assert state == "ALARM"
    assert "[3]" in reason


def test_what_is_long_past_makes_no_alarm_sound(client: Clients) -> None:
    sum_over_zero(client)
    measure(client, 3, minutes_ago=10)
    assert state_of(client, "errors")[0] == "OK"


def test_as_many_periods_as_the_alarm_asks_for_have_to_breach(client: Clients) -> None:
    sum_over_zero(client, EvaluationPeriods=3, DatapointsToAlarm=2)
    measure(client, 3, minutes_ago=1)
    assert state_of(client, "errors")[0] == "OK"
    measure(client, 3, minutes_ago=2)
    assert state_of(client, "errors")[0] == "ALARM"


def test_periods_without_a_value_count_as_the_alarm_says(client: Clients) -> None:
    sum_over_zero(client, TreatMissingData="breaching")
    measure(client, 0, minutes_ago=10)
    assert state_of(client, "errors")[0] == "ALARM"


def test_an_alarm_without_any_value_stays_as_it_was_told(client: Clients) -> None:
    sum_over_zero(client)
    client("cloudwatch").set_alarm_state(
        AlarmName="errors", StateValue="ALARM", StateReason="a drill"
    )
    assert state_of(client, "errors") == ("ALARM", "a drill")


@pytest.mark.parametrize(("rule", "state"), [("AND", "OK"), ("OR", "ALARM")])
def test_a_composite_alarm_follows_its_members(client: Clients, rule: str, state: str) -> None:
    sum_over_zero(client, "loud")
    sum_over_zero(client, "quiet", Threshold=100)
    client("cloudwatch").put_composite_alarm(
        AlarmName="both", AlarmRule=f'ALARM("loud") {rule} ALARM("quiet")'
    )
    measure(client, 3)
    assert state_of(client, "both")[0] == state
