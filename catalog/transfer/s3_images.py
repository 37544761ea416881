"""Pictures that a manifest names by their `s3://bucket/key`, wherever they lie."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from threading import Event, Lock, Timer
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError
from botocore.response import StreamingBody

from catalog.errors import CatalogError, NotFound, StorageUnavailable
from catalog.ingest.image_file import LARGEST_FILE
from catalog.storage.s3_client import VENDOR_ERRORS, S3Options, make_client, open_session
from catalog.storage.s3_errors import describe_s3_error, is_absent, is_broken_off, is_bucket_absent
from catalog.transfer.places import spellings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from urllib3 import HTTPResponse

# Of one picture: the largest at 27 Mbit/s.
FETCH_SECONDS: Final = 120.0
_CHUNK_BYTES: Final = 1 << 20
S3: Final = "s3://"


class S3Images:
    """Reads single objects of any bucket, bounded in size and time; safe to share."""

    def __init__(
        self, options: S3Options, *, most_bytes: int = LARGEST_FILE, seconds: float = FETCH_SECONDS
    ) -> None:
        """Name the server; nothing is requested yet.

        Args:
            options: of the server; bucket and prefix are not used.
            most_bytes: what is larger is not read.
            seconds: for one picture, from its first byte to its last.
        """
        self._options = options
        self._most_bytes = most_bytes
        self._seconds = seconds
        self._lock = Lock()

    def get(self, address: str) -> bytes:
        """Return the object at an `s3://bucket/key` address, its letters composed or not.

        Raises:
            NotFound: there is none, no such bucket, or it is too large for a picture.
            StorageUnavailable: no right to read it, or no answer in time.
        """
        bucket, _, key = address.removeprefix(S3).partition("/")
        first, *others = spellings(key)
        try:
            return self._object(address, bucket, first)
        except CatalogError:  # without `ListBucket`, S3 says of what is not there: forbidden
            for other in others:
                with suppress(CatalogError):
                    return self._object(address, bucket, other)
            raise

    def _object(self, address: str, bucket: str, key: str) -> bytes:
        with self._lock:  # two threads would make two
            reader = self._client
        try:
            for left in reversed(range(self._options.attempts)):
                try:
                    return self._read(reader, bucket, key)
                # boto3 repeats requests, but not the reading of a response that breaks off.
                except BotoCoreError as error:
                    if not left or not is_broken_off(error):
                        raise
        except VENDOR_ERRORS as error:
            if is_absent(error):
                raise NotFound(f"there is no {address}") from error
            if is_bucket_absent(error):
                raise NotFound(f"there is no bucket {bucket} for {address}") from error
            raise StorageUnavailable(describe_s3_error("read", address, error)) from error
        raise AssertionError("unreachable: attempts are at least one")

    def _read(self, reader: "S3Client", bucket: str, key: str) -> bytes:
        address = f"{S3}{bucket}/{key}"
        response = reader.get_object(Bucket=bucket, Key=key)
        body = response["Body"]
        size = response["ContentLength"]
        if size > self._most_bytes:
            body.close()
            too_large = f"({size:,} bytes; {self._most_bytes:,} are allowed)"
            raise NotFound(f"{address} is too large for a picture {too_large}")
        with _ended_after(self._seconds, body) as is_over:
            try:
                return b"".join(body.iter_chunks(_CHUNK_BYTES))
            except BotoCoreError as error:
                if not is_over():
                    raise
                raise StorageUnavailable(
                    f"cannot read {address}: it was not here after {self._seconds:g} s; "
                    "look at the network"
                ) from error

    @cached_property
    def _client(self) -> "S3Client":
        return make_client(open_session(self._options), self._options, self._options.attempts)


@contextmanager
def _ended_after(seconds: float, body: StreamingBody) -> Iterator[Callable[[], bool]]:
    """Cut a response off whose reading takes longer; yields a function that tells whether it did.

    A socket's timeout starts anew with every byte, so a server that sends one now and then would
    hold the reader for ever.
    """
    over = Event()

    def cut_off() -> None:
        over.set()
        with suppress(ValueError, RuntimeError, OSError):  # it was read to its end just now
            raw: HTTPResponse = vars(body)["_raw_stream"]  # there is no public access to it
            raw.shutdown()

    timer = Timer(seconds, cut_off)
    timer.daemon = True
    timer.start()
    try:
        yield over.is_set
    finally:
        timer.cancel()
