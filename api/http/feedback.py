"""What people said of answers: right, wrong, or another product; kept to be learnt from."""

import json
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any


class FeedbackBook:
    """One JSON Lines file per catalog, only ever appended to; thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()

    def add(self, catalog: str, said: Mapping[str, Any]) -> str:
        """Keep one; its id.

        Raises:
            OSError: the disk refused.
        """
        feedback_id = secrets.token_hex(8)
        line = json.dumps({"feedback_id": feedback_id, "at": round(time.time(), 3), **said})
        with self._lock:
            self._folder.mkdir(parents=True, exist_ok=True)
            with (self._folder / f"{catalog}.jsonl").open("a", encoding="ascii") as file:
                file.write(line + "\n")
        return feedback_id
