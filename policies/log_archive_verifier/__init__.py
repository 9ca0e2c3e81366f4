"""Tells whether a trail's log files are what CloudTrail wrote, and whether they are locked.

Nothing here talks to AWS but :mod:`log_archive_verifier.collect`.
"""
