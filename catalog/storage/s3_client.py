"""Clients of a server that speaks S3."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from catalog.errors import StorageUnavailable
from catalog.storage.s3_answers import BEFORE_PARSE, answer_check
from catalog.storage.s3_errors import describe_s3_error

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

VENDOR_ERRORS: Final = (ClientError, BotoCoreError, Boto3Error)
# Servers that know no regions still want one in the signature.
_ANY_REGION: Final = "us-east-1"
# At once and per client: twice the threads that read embeddings side by side.
_CONNECTIONS: Final = 32


@dataclass(frozen=True, slots=True)
class S3Options:
    """Address of a bucket, and bounds of its requests.

    Attributes:
        bucket: its name.
        prefix: in front of all keys, without `/` at its ends; may be empty.
        endpoint: URL of the server, perhaps with a path below which it lies; AWS when empty.
        region: boto3's own choice when empty.
        path_style: whether the bucket's name stands in the path, as most servers but AWS want it.
        encryption: "" for the bucket's own choice, "AES256", "aws:kms" or "aws:kms:KEY".
        access_key: boto3's own chain (environment, profile, role) when empty.
        secret_key: boto3's own chain when empty.
        connect_seconds: bound of a connection attempt.
        read_seconds: bound of each wait for an answer.
        attempts: of a request that may be repeated without harm.
        page: keys asked for at a time in a listing, at most 1,000.
    """

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    region: str = ""
    path_style: bool = False
    encryption: str = ""
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    connect_seconds: float = 3.0
    read_seconds: float = 10.0
    attempts: int = 3
    page: int = 1000


def open_session(options: S3Options) -> boto3.session.Session:
    """Return a session with keys and region; boto3's own chain where the options name none.

    Raises:
        StorageUnavailable: a profile that is named there does not exist.
    """
    try:
        return boto3.session.Session(
            aws_access_key_id=options.access_key or None,
            aws_secret_access_key=options.secret_key or None,
            region_name=options.region or None,
        )
    except VENDOR_ERRORS as error:
        raise _unreachable(options, error) from error


def make_client(session: boto3.session.Session, options: S3Options, attempts: int) -> "S3Client":
    """Return a client that gives up after bounded waits; nothing is requested yet.

    Args:
        session: the session.
        options: endpoint, style of addresses and bounds.
        attempts: of each request.

    Raises:
        StorageUnavailable: the endpoint is no URL, or settings contradict each other.
    """
    config = Config(
        connect_timeout=options.connect_seconds,
        read_timeout=options.read_seconds,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        max_pool_connections=_CONNECTIONS,
        s3={"addressing_style": "path" if options.path_style else "auto"},
        # Older servers do not know the checksums that boto3 adds unasked.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    try:
        client = session.client(
            "s3",
            endpoint_url=options.endpoint or None,
            region_name=session.region_name or _ANY_REGION,
            config=config,
        )
    except VENDOR_ERRORS as error:
        raise _unreachable(options, error) from error
    except ValueError as error:  # an endpoint that is no URL
        message = f"cannot reach s3://{options.bucket}/: {error}"
        raise StorageUnavailable(message) from error
    client.meta.events.register_first(BEFORE_PARSE, answer_check(options.bucket))
    return client


def _unreachable(options: S3Options, error: Exception) -> StorageUnavailable:
    return StorageUnavailable(describe_s3_error("reach", f"s3://{options.bucket}/", error))
