"""What invokes functions besides callers: streams, queues, and asynchronous invocations."""
