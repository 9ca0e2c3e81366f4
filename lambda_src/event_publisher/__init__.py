"""Publishes what becomes of payments on the event bus, from the table's stream."""
