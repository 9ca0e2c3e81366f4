"""Lambda functions as local processes, started from what was deployed."""
