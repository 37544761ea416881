"""Errors of measurements."""


class BenchError(Exception):
    """The data to measure on is missing or malformed; the message is one sentence for people."""
