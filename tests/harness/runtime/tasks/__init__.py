"""ECS services as local processes, started from what was deployed."""
