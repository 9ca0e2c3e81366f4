"""Sends events to merchants' endpoints, signed, until they were taken or their tries are over."""
