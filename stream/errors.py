"""Errors of sources and of the video writer."""


class StreamError(Exception):
    """Base of everything this package raises; the message is one sentence for people."""


class SourceError(StreamError):
    """The source cannot be opened, or broke while it was read."""


class WriterError(StreamError):
    """The video cannot be written."""


def stranger(error: Exception) -> str:
    """Return the reason for an exception that nobody foresaw; its text may hold a password."""
    return f"skulens failed at what it sends ({type(error).__name__}); please report this"
