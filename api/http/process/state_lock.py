"""A state folder belongs to one engine; the lock ends with the process, however it ends."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from api.errors import Refused

WAIT_S: Final = 5.0  # for an engine that is just being stopped
_POLL_S: Final = 0.1


@contextmanager
def lock_state(state: Path, wait_s: float = WAIT_S) -> Iterator[None]:
    """Own the folder while the block runs.

    Raises:
        Refused: another process has it.
        OSError: it cannot be written.
    """
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w") as lock:
        until = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    raise Refused(
                        f"another skulens runs with the state folder {state}; stop it, or name "
                        "another folder by SKULENS_STATE"
                    ) from None
                time.sleep(_POLL_S)
            else:
                break
        yield
