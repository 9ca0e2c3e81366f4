"""Keeps the dashboard's read model in step with the payments, from the table's stream."""
