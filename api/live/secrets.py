"""Encrypts what must not be stored in clear: addresses of cameras, secrets of webhooks."""

import os
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken

from api.errors import Refused

_OWNER_ONLY: Final = 0o600  # mode of the key file


class SecretBox:
    """Fernet (AES-128 in CBC mode with HMAC-SHA256) under one key."""

    def __init__(self, key: bytes) -> None:
        """Use a key.

        Raises:
            Refused: it is not 32 bytes in URL-safe base64.
        """
        try:
            self._fernet = Fernet(key)
        except ValueError as error:
            raise Refused(
                "the key for stored passwords is damaged; it is 32 bytes in URL-safe base64"
            ) from error

    @classmethod
    def from_file(cls, path: Path) -> "SecretBox":
        """Use a key file, which is made, readable by its owner alone, if it is missing.

        Raises:
            Refused: the file holds no key, or others may read it.
            OSError: it cannot be read or written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        except FileExistsError:
            if path.stat().st_mode & 0o077:
                raise Refused(
                    f"others may read {path}, the key of the stored passwords; "
                    f"say: chmod 600 {path}"
                ) from None
            return cls(path.read_bytes().strip())
        key = Fernet.generate_key()
        with os.fdopen(draft, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        return cls(key)

    def encrypt(self, text: str) -> str:
        """Encrypt a text; the result is ASCII."""
        return self._fernet.encrypt(text.encode("utf-8")).decode("ascii")

    def decrypt(self, sealed: str) -> str:
        """Decrypt what `encrypt` made.

        Raises:
            Refused: it was sealed with another key, or is damaged.
        """
        try:
            return self._fernet.decrypt(sealed.encode("ascii", "replace")).decode("utf-8")
        except InvalidToken as error:
            raise Refused(
                "a stored password cannot be read: the key file is another one than when it was "
                "stored; bring the old key back or enter the address again"
            ) from error
