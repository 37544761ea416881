"""A storage as a text, so that another process can open the same one."""

import json
from dataclasses import asdict
from pathlib import Path

from catalog.storage.base import Storage
from catalog.storage.folder import FolderStorage
from catalog.storage.s3 import S3Options, S3Storage


def named(storage: FolderStorage | S3Storage) -> str:
    """The text for a storage."""
    if isinstance(storage, FolderStorage):
        return json.dumps({"folder": str(storage.root)})
    return json.dumps(asdict(storage.options))


def opened(name: str) -> Storage:
    """The storage of a text."""
    record = json.loads(name)
    if "folder" in record:
        return FolderStorage(Path(record["folder"]), durable=False)
    return S3Storage(S3Options(**record))
