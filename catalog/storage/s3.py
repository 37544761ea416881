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
        """Name the bucket; nothing is asked yet."""
        self.options = options
        self._root = f"{options.prefix}/" if options.prefix else ""
        self._lock = Lock()

    def get(self, key: str) -> bytes:
        """The object; see `Storage.get`."""
        name = self._name(key)
        with self._translated("read", key):
            for attempt in range(self.options.attempts):
                try:
                    answer = self._client.get_object(Bucket=self.options.bucket, Key=name)
                    return answer["Body"].read()
                # boto3 repeats requests, but not the reading of an answer that breaks off.
                except BotoCoreError as error:
                    if not is_broken_off(error) or attempt + 1 == self.options.attempts:
                        raise
        raise AssertionError("unreachable: attempts are at least one")

    def put(self, key: str, data: bytes) -> None:
        """Write the object; see `Storage.put`."""
        bucket, name = self.options.bucket, self._name(key)
        with self._translated("write", key):
            if len(data) <= _PART_BYTES:
                self._client.put_object(Bucket=bucket, Key=name, Body=data, **self._encryption)
                return
            config = TransferConfig(
                multipart_threshold=_PART_BYTES,
                multipart_chunksize=_PART_BYTES,
                max_concurrency=4,
            )
            self._client.upload_fileobj(
                BytesIO(data), bucket, name, ExtraArgs=self._encryption, Config=config
            )

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write the object unless there is one; see `Storage.put_if_absent`.

        False may also be said of an object that an earlier, unanswered call wrote.
        """
        name = self._name(key)
        try:
            self._hasty_client.put_object(
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
        """Keys under a folder; see `Storage.list`."""
        return tuple(stored.key for stored in self.details(prefix))

    def details(self, prefix: str) -> tuple[StoredObject, ...]:
        """As `list`, with what a listing tells of each object; see `Storage.details`."""
        folder = f"{self._name(prefix.rstrip('/'))}/"
        with self._translated("list", prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.options.bucket,
                Prefix=folder,
                PaginationConfig={"PageSize": self.options.page},
            )
            found = [
                StoredObject(
                    one["Key"].removeprefix(self._root),
                    one["LastModified"].timestamp(),
                    one["Size"],
                    one["ETag"].strip('"'),
                )
                for page in pages
                for one in page.get("Contents", [])
            ]
        return tuple(sorted((s for s in found if _is_object(s.key)), key=lambda s: s.key))

    def folders(self) -> tuple[str, ...]:
        """First segments of all keys; see `Storage.folders`."""
        with self._translated("list", ""):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.options.bucket, Prefix=self._root, Delimiter="/"
            )
            names = [
                one["Prefix"].removeprefix(self._root).rstrip("/")
                for page in pages
                for one in page.get("CommonPrefixes", [])
            ]
        return tuple(sorted(name for name in names if _is_object(name)))

    def delete(self, key: str) -> None:
        """Remove the object; see `Storage.delete`."""
        name = self._name(key)
        with self._translated("delete", key):
            self._client.delete_object(Bucket=self.options.bucket, Key=name)

    def modified(self, key: str) -> float:
        """When the object was last written; see `Storage.modified`."""
        name = self._name(key)
        with self._translated("read", key):
            answer = self._client.head_object(Bucket=self.options.bucket, Key=name)
        return answer["LastModified"].timestamp()

    @property
    def _client(self) -> "S3Client":
        with self._lock:  # two threads would make two
            return self._patient

    @property
    def _hasty_client(self) -> "S3Client":
        with self._lock:
            return self._hasty

    @cached_property
    def _patient(self) -> "S3Client":
        return self._made(self.options.attempts)

    @cached_property
    def _hasty(self) -> "S3Client":
        return self._made(1)

    @cached_property
    def _session(self) -> boto3.session.Session:
        return open_session(self.options)

    def _made(self, attempts: int) -> "S3Client":
        return make_client(self._session, self.options, attempts)

    @property
    def _encryption(self) -> dict[str, Any]:
        kind = self.options.encryption
        if kind.startswith("aws:kms:"):
            key = kind.removeprefix("aws:kms:")
            return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
        return {"ServerSideEncryption": kind} if kind else {}

    @contextmanager
    def _translated(self, verb: str, key: str) -> Iterator[None]:
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
    """Whether a listed key is one of ours; consoles leave empty objects that end with `/`."""
    return not key.endswith("/") and not any(s.startswith(".") for s in key.split("/"))
