"""Errors of training."""


class TrainingError(Exception):
    """Training cannot go on; the message says what, where and how to mend it."""


class ForbiddenData(TrainingError):
    """A picture that must not enter any weights was requested for training."""
