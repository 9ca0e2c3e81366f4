"""API Gateway's data plane on a laptop, compiled from what was deployed."""

from harness.edge.handle import Edge, EdgeError, FunctionError

__all__ = ["Edge", "EdgeError", "FunctionError"]
