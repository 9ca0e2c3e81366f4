"""A simulated acquirer: a real HTTP server with behaviours chosen by token or by test card."""

from harness.acquirer.book import Charge, SettlementLine
from harness.acquirer.simulator import AcquirerSimulator

__all__ = ["AcquirerSimulator", "Charge", "SettlementLine"]
