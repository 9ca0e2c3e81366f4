"""What a fraud score takes: in service, over HTTP and with its counters, and the model alone."""

from __future__ import annotations

import gc
import statistics
import time
from typing import TYPE_CHECKING

import psutil

from fraud_detection.features import features
from fraud_detection.model import Model
from fraud_detection.scoring import DEFAULT_THRESHOLDS, Scorer
from fraud_detection.tallies import Subject, additions
from fraud_detection.transaction import Transaction
from harness.aws import EmbeddedAWS
from harness.bench.figures import Figure
from harness.fraud import ACCOUNT, FraudTables, FraudTask

if TYPE_CHECKING:
    from collections.abc import Callable

SCORES = 400
WALKS = 5000
WARM_UP = 20
DEADLINE_MS = 20


def fraud_figures() -> list[Figure]:
    """Give p50 and p99 of a score in service, and of the model alone."""
    in_service, degraded, cpu = _in_service()
    alone, whole = _in_process()
    return [
        *_percentiles(
            "Fraud score in service: HTTP, five DynamoDB calls in two rounds, model, reasons",
            in_service,
            "ms",
            f"embedded AWS; {degraded:.0%} degraded at {DEADLINE_MS} ms",
            (f"under {DEADLINE_MS} ms", f"{DEADLINE_MS} ms and the caller's way"),
        ),
        Figure(
            "Fraud score: CPU of the service, five DynamoDB calls signed and read",
            f"{cpu:.2f} ms",
            "of its process, by the kernel's count",
            None,
            "under 3 ms",
        ),
        *_percentiles(
            "Fraud model alone: 90 trees walked in plain Python",
            alone,
            "µs",
            "one row, features given",
            ("under 100 µs", "under 300 µs"),
        ),
        *_percentiles(
            "Fraud features, model and reasons",
            whole,
            "µs",
            "one payment, tallies given",
            ("under 1 ms", "under 2 ms"),
        ),
    ]


def _in_service() -> tuple[list[float], float, float]:
    """Time scores one after another: milliseconds as a caller sees them, part degraded, CPU."""
    with EmbeddedAWS() as aws:
        settings = {"SCORE_DEADLINE_MS": str(DEADLINE_MS)}
        with FraudTask(aws.environment(ACCOUNT), FraudTables.made(aws), settings) as task:
            milliseconds, degraded, cpu = [], 0, 0.0
            for number in range(WARM_UP + SCORES):
                answer = task.internal(token=f"tok_bench{number % 50:04}")
                if answer.status != 200:
                    raise RuntimeError(f"the score failed: {answer.text}")
                if number == WARM_UP:
                    cpu = _cpu_ms(task)
                if number >= WARM_UP:
                    milliseconds.append(answer.milliseconds)
                    degraded += answer.body["degraded"]
            cpu = _cpu_ms(task) - cpu
    return milliseconds, degraded / SCORES, cpu / SCORES


def _cpu_ms(task: FraudTask) -> float:
    used = psutil.Process(task.process.pid).cpu_times()
    return float(used.user + used.system) * 1000


def _in_process() -> tuple[list[float], list[float]]:
    """Time the model's walk, and all that is computed of a payment, in microseconds."""
    now = time.time()
    payment = Transaction("m_bench", 1250, "EUR", "tok_bench0001", "dev-1", "DE")
    tallies = {
        subject: {
            name: number + 1
            for number in range(40)
            for name in additions(subject, payment, now - number * 600)
        }
        for subject in Subject
    }
    scorer = Scorer(Model.load(), DEFAULT_THRESHOLDS)
    row = features(payment, tallies, now)
    return (
        _timed(lambda: scorer.model.probability(row)),
        _timed(lambda: scorer.score(payment, tallies, now, degraded=False)),
    )


def _timed(work: Callable[[], object]) -> list[float]:
    for _ in range(WARM_UP):
        work()
    taken = []
    gc.disable()
    try:
        for _ in range(WALKS):
            started = time.perf_counter_ns()
            work()
            taken.append((time.perf_counter_ns() - started) / 1000)
    finally:
        gc.enable()
    return taken


def _percentiles(
    name: str, values: list[float], unit: str, reference: str, aims: tuple[str, str]
) -> list[Figure]:
    cuts = statistics.quantiles(values, n=100)
    return [
        Figure(f"{name}, {label}", f"{value:.1f} {unit}", reference, None, aim)
        for label, value, aim in (("p50", cuts[49], aims[0]), ("p99", cuts[98], aims[1]))
    ]
