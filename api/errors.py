"""Errors that end a command with one sentence instead of a traceback."""

import os
import sqlite3


class Refused(Exception):
    """A command was not carried out; the message is one sentence for people."""


class KeysDamaged(Refused):
    """The file of API keys cannot be read, so that nobody is let in."""


class QuotaExceeded(Refused):
    """An upload is more than its key, or all keys together, may keep."""


class SettingsError(Refused):
    """A setting is misspelt or has a value that cannot be used."""


def refusals() -> tuple[type[Exception], ...]:
    """Return the errors whose cause the user can mend; any other is a bug."""
    # Imported here because only a failing command needs them, and `--help` should start at once.
    from bench.errors import BenchError
    from catalog.errors import CatalogError
    from client.errors import ClientError
    from matcher.errors import MatcherError
    from stream.errors import StreamError
    from training.errors import TrainingError

    packages = (BenchError, CatalogError, ClientError, MatcherError, StreamError, TrainingError)
    return (Refused, *packages, OSError, MemoryError, sqlite3.Error)


def sentence(error: Exception) -> str:
    """Return one of `refusals` in one line for people."""
    if isinstance(error, MemoryError):
        return "the machine's memory is full; give skulens smaller pictures or more memory."
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, sqlite3.Error):
        return (
            f"the state's files cannot be used ({error}); free or mend the disk of SKULENS_STATE."
        )
    return " ".join(str(error).split()) or f"refused ({type(error).__name__})."


def _of_system(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    if error.filename is None:
        return f"the system refused: {reason}."
    return f"cannot use {os.fsdecode(error.filename)}: {reason}."
