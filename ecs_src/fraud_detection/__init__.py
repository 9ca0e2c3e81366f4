"""Scores payments for fraud: counters shared by all tasks, and a model walked in plain Python."""
