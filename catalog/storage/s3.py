"""Storage in an S3 bucket: AWS, Ceph RGW, or another server that honours `If-None-Match: *`."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError

from catalog.errors import NotFound, StorageUnavailable, Undetermined
from catalog.storage.base import StoredObject, check_key
from catalog.storage.s3_client import VENDOR_ERRORS, S3Options, make_client, open_session
from catalog.storage.s3_errors import (
    describe_s3_error,
    is_absent,
    is_broken_off,
    is_taken,
    may_have_happened,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Larger pictures go up in parts, so that a broken connection costs one part.
_PART_BYTES: Final = 16 << 20

__all__ = ["S3Options", "S3Storage"]


class S3Storage:
    """Implements `catalog.storage.base.Storage` in a bucket, which has to exist.

    A request that may be repeated is, a bounded number of times. `put_if_absent` is sent once: the
    journal settles what an unanswered one did.
    """

    def __init__(self, options: S3Options) -> None:
        """Name the bucket; nothing is requested yet."""
        self.options = options
        self._root = f"{options.prefix}/" if options.prefix else ""
        self._lock = Lock()
        self._clients: dict[int, S3Client] = {}

    def get(self, key: str) -> bytes:
        """Return the object; see `Storage.get`."""
        name = self._name(key)
        with self._errors_translated("read", key):
            for attempt in range(self.options.attempts):
                try:
                    response = self._client().get_object(Bucket=self.options.bucket, Key=name)
                    return response["Body"].read()
                # boto3 repeats requests, but not the reading of a response that breaks off.
                except BotoCoreError as error:
                    if not is_broken_off(error) or attempt + 1 == self.options.attempts:
                        raise
        raise AssertionError("unreachable: attempts are at least one")

    def put(self, key: str, data: bytes) -> None:
        """Write the object; see `Storage.put`."""
        bucket, name = self.options.bucket, self._name(key)
        with self._errors_translated("write", key):
            if len(data) <= _PART_BYTES:
                self._client().put_object(Bucket=bucket, Key=name, Body=data, **self._encryption)
                return
            config = TransferConfig(
                multipart_threshold=_PART_BYTES,
                multipart_chunksize=_PART_BYTES,
                max_concurrency=4,  # four parts in memory at a time, 64 MB
            )
            self._client().upload_fileobj(
                BytesIO(data), bucket, name, ExtraArgs=self._encryption, Config=config
            )

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write the object unless there is one; see `Storage.put_if_absent`.

        False may also be said of an object that an earlier, unanswered call wrote.
        """
        name = self._name(key)
        try:
            self._client(1).put_object(
                Bucket=self.options.bucket,
                Key=name,
                Body=data,
                IfNoneMatch="*",
                **self._encryption,
            )
        except VENDOR_ERRORS as error:
            if is_taken(error):
                return False
            message = describe_s3_error("write", self._url(key), error)
            if may_have_happened(error):
                raise Undetermined(message) from error
            raise StorageUnavailable(message) from error
        return True

    def list(self, prefix: str) -> tuple[str, ...]:
        """Return the keys under a folder; see `Storage.list`."""
        return tuple(stored.key for stored in self.details(prefix))

    def details(self, prefix: str) -> tuple[StoredObject, ...]:
        """Return what a listing says of each object; see `Storage.details`."""
        folder = f"{self._name(prefix.rstrip('/'))}/"
        with self._errors_translated("list", prefix):
            pages = (
                self._client()
                .get_paginator("list_objects_v2")
                .paginate(
                    Bucket=self.options.bucket,
                    Prefix=folder,
                    PaginationConfig={"PageSize": self.options.page},
                )
            )
            found = [
                StoredObject(
                    item["Key"].removeprefix(self._root),
                    item["LastModified"].timestamp(),
                    item["Size"],
                    item["ETag"].strip('"'),
                )
                for page in pages
                for item in page.get("Contents", [])
            ]
        return tuple(sorted((s for s in found if _is_object(s.key)), key=lambda s: s.key))

    def folders(self) -> tuple[str, ...]:
        """Return the first segments of all keys; see `Storage.folders`."""
        with self._errors_translated("list", ""):
            pages = (
                self._client()
                .get_paginator("list_objects_v2")
                .paginate(Bucket=self.options.bucket, Prefix=self._root, Delimiter="/")
            )
            names = [
                item["Prefix"].removeprefix(self._root).rstrip("/")
                for page in pages
                for item in page.get("CommonPrefixes", [])
            ]
        return tuple(sorted(name for name in names if _is_object(name)))

    def delete(self, key: str) -> None:
        """Remove the object; see `Storage.delete`."""
        name = self._name(key)
        with self._errors_translated("delete", key):
            self._client().delete_object(Bucket=self.options.bucket, Key=name)

    def modified(self, key: str) -> float:
        """Return when the object was last written; see `Storage.modified`."""
        name = self._name(key)
        with self._errors_translated("read", key):
            response = self._client().head_object(Bucket=self.options.bucket, Key=name)
        return response["LastModified"].timestamp()

    def _client(self, attempts: int = 0) -> "S3Client":
        """Return the client that sends a request so often; by default as the options say."""
        attempts = attempts or self.options.attempts
        with self._lock:  # two threads would make two
            if attempts not in self._clients:
                self._clients[attempts] = make_client(self._session, self.options, attempts)
            return self._clients[attempts]

    @cached_property
    def _session(self) -> boto3.session.Session:
        return open_session(self.options)

    @property
    def _encryption(self) -> dict[str, Any]:
        kind = self.options.encryption
        if kind.startswith("aws:kms:"):
            key = kind.removeprefix("aws:kms:")
            return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
        return {"ServerSideEncryption": kind} if kind else {}

    @contextmanager
    def _errors_translated(self, verb: str, key: str) -> Iterator[None]:
        try:
            yield
        except VENDOR_ERRORS as error:
            if key and is_absent(error):
                raise NotFound(f"there is no {self._url(key)}") from error
            raise StorageUnavailable(describe_s3_error(verb, self._url(key), error)) from error

    def _name(self, key: str) -> str:
        return self._root + check_key(key)

    def _url(self, key: str) -> str:
        return f"s3://{self.options.bucket}/{self._root}{key}"


def _is_object(key: str) -> bool:
    """Return whether a listed key is ours; consoles leave empty objects that end with `/`."""
    return not key.endswith("/") and not any(s.startswith(".") for s in key.split("/"))
