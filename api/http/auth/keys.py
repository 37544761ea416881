"""API keys: shown once, kept as hashes in one file, read anew when that file changes."""

import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from api.errors import KeysDamaged, Refused
from api.http.auth.principal import Principal
from api.http.auth.scope import Scope
from catalog.records.product import is_valid_id

FORMAT: Final = 1  # version of the file; a newer one is refused
PREFIX: Final = "sk"
LOOK_S: Final = 1.0  # between two looks at the file: a revoked key works that long
MOST_KEYS: Final = 1000  # all are read at once
LONGEST: Final = 200  # characters of a text that is taken for a key
_HASH: Final = re.compile("[0-9a-f]{64}")
_NOBODY: Final = "0" * 64  # the hash of no key, compared where none is known


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is stored; nobody can log in with it.

    Attributes:
        key_id: public part of the key.
        sha256: of the whole key, hex; its secret has 256 bits, so a slow hash would add nothing.
        scopes: of requests that it allows.
        catalogs: that it is for; empty for all.
        name: for people.
        created_at: Unix seconds.
    """

    key_id: str
    sha256: str
    scopes: tuple[str, ...]
    catalogs: tuple[str, ...]
    name: str
    created_at: float

    @property
    def principal(self) -> Principal:
        """The principal of a request with this key."""
        return Principal(self.key_id, frozenset(map(Scope, self.scopes)), frozenset(self.catalogs))


class KeyStore:
    """The keys of one file; several processes may use it at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys: dict[str, ApiKey] = {}
        self._stamp: tuple[int, int] | None = None
        self._loaded_at = float("-inf")

    def list(self) -> tuple[ApiKey, ...]:
        """Return all keys, oldest first.

        Raises:
            KeysDamaged: the file is damaged.
            OSError: it cannot be read.
        """
        self._reload(time.monotonic())
        return tuple(self._keys.values())

    def any(self) -> bool:
        """Whether there are keys, as of a second ago."""
        self._reload_if_old()
        return bool(self._keys)

    def create(
        self, scopes: Sequence[Scope], catalogs: Sequence[str] = (), name: str = ""
    ) -> tuple[str, ApiKey]:
        """Make a key; the text that is returned is kept nowhere.

        Raises:
            Refused: it would allow nothing, a catalog's name is invalid, or there are too many.
            OSError: the disk refused.
        """
        if not scopes:
            raise Refused("a key needs a scope: read, catalog, live or admin")
        wrong = [catalog for catalog in catalogs if not is_valid_id(catalog)]
        if wrong:
            raise Refused(f"{wrong[0]!r} cannot be the name of a catalog")
        key_id = secrets.token_hex(6)
        text = f"{PREFIX}_{key_id}_{secrets.token_urlsafe(32)}"
        ordered = tuple(str(scope) for scope in Scope if scope in scopes)
        key = ApiKey(key_id, _sha256(text), ordered, tuple(catalogs), name[:200], time.time())
        with self._writing() as keys:
            if len(keys) >= MOST_KEYS:
                raise Refused(f"{MOST_KEYS} keys are there; revoke one first")
            keys[key_id] = key
        return text, key

    def revoke(self, key_id: str) -> None:
        """Forget a key; it is refused from then on, everywhere within a second.

        Raises:
            Refused: there is none.
            OSError: the disk refused.
        """
        with self._writing() as keys:
            if key_id not in keys:
                raise Refused(f"there is no key {key_id}")
            del keys[key_id]

    def check(self, text: str) -> ApiKey | None:
        """Return the key with this text, or None, in the same time for a wrong text."""
        parts = text[:LONGEST].split("_", 2)
        found = self.get(parts[1]) if len(parts) == 3 else None
        expected = found.sha256 if found is not None else _NOBODY
        return found if hmac.compare_digest(_sha256(text[:LONGEST]), expected) else None

    def get(self, key_id: str) -> ApiKey | None:
        """Return a key by its id; None if it never was, or was revoked."""
        self._reload_if_old()
        if key_id not in self._keys:
            self._reload(time.monotonic())  # made since: a new key is good at once
        return self._keys.get(key_id)

    def _reload_if_old(self) -> None:
        now = time.monotonic()
        if now - self._loaded_at > LOOK_S:
            self._reload(now)

    def _reload(self, now: float) -> None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._keys, self._stamp = {}, None
        else:
            stamp = (status.st_mtime_ns, status.st_ino)
            if stamp != self._stamp:
                self._keys, self._stamp = _read(self._path), stamp
        self._loaded_at = now

    @contextmanager
    def _writing(self) -> Iterator[dict[str, ApiKey]]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            keys = _read(self._path) if self._path.exists() else {}
            yield keys
            record = {"format": FORMAT, "keys": [asdict(key) for key in keys.values()]}
            write_private(self._path, json.dumps(record, indent=1).encode())
        self._reload(time.monotonic())


def write_private(path: Path, data: bytes) -> None:
    """Put a file in its place, whole and readable by its owner alone.

    Raises:
        OSError: the disk refused.
    """
    draft = path.with_suffix(".part")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _read(path: Path) -> dict[str, ApiKey]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["format"] != FORMAT:
            raise KeysDamaged(f"{path} was written by a newer skulens; update this one")
        keys = [_key(entry) for entry in record["keys"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise KeysDamaged(f"{path} is damaged ({error}); restore it or move it away") from error
    return {key.key_id: key for key in keys}


def _key(record: dict[str, Any]) -> ApiKey:
    lists = {name: tuple(record[name]) for name in ("scopes", "catalogs")}
    key = ApiKey(**{**record, **lists})
    texts = (key.key_id, key.sha256, key.name, *key.catalogs)
    if not all(isinstance(text, str) for text in texts) or not _HASH.fullmatch(key.sha256):
        raise ValueError("a key's record holds something else than a key")
    _ = key.principal  # raises for a scope that there is not
    return key


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
