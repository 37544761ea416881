"""Errors of the method's own parts."""


class MatcherError(Exception):
    """Base of everything this package raises; the message is one sentence for people."""


class WeightsError(MatcherError):
    """A weights file or its manifest is missing, changed, broken or made for another network."""


class PackageMissing(WeightsError):
    """The package that brings the weights is not installed; the message says what installs it."""


class LicenceError(WeightsError):
    """The weights' licence forbids what they are about to be used for."""


class RuntimeUnavailable(MatcherError):
    """The networks cannot run where they were asked to."""
