"""Trains the fraud model on synthetic payments and writes what the service walks."""
