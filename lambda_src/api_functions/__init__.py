"""What the functions behind API Gateway share: events, identity, logs, settings, connections."""
