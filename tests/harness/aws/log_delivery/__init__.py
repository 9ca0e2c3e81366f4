"""Carries log events from their groups through destinations and streams into buckets."""

from harness.aws.log_delivery.worker import Worker, deliver, forget

__all__ = ["Worker", "deliver", "forget"]
