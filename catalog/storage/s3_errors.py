"""Errors of a bucket: which leave no doubt that nothing happened, and what to do about each."""

from collections.abc import Mapping
from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ProxyConnectionError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from botocore.parsers import ResponseParserError

_ABSENT: Final = frozenset({"NoSuchKey", "404", "NotFound"})
# The request never left, so it did nothing.
_NEVER_SENT: Final = (
    EndpointConnectionError,
    ConnectTimeoutError,
    ProxyConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
)
_TRUNCATED: Final = (IncompleteReadError, ResponseParserError, ResponseStreamingError)
_BROKEN_OFF: Final = (*_TRUNCATED, ReadTimeoutError)
# Refused with a number below 500 and yet not settled: another conditional write was under way,
# or the request was cut off on its way.
_UNSETTLED: Final = frozenset({"ConditionalRequestConflict", "OperationAborted", "RequestTimeout"})

_REGION: Final = "the bucket is in another region; set SKULENS_S3_REGION{hint}"
_KEYS: Final = "the server does not know these keys; look at ACCESS_KEY and SECRET_KEY"
_RIGHTS: Final = (
    "these keys are not allowed to; docs/catalog.md lists the rights that skulens needs"
)
_LATER: Final = "the server is overloaded or out of order ({code}); try again later"
_ADVICE: Final[Mapping[str, str]] = {
    "NoSuchBucket": "there is no such bucket; create it or look at SKULENS_S3_BUCKET",
    "InvalidBucketName": "that is no bucket's name; look at SKULENS_S3_BUCKET",
    "AccessDenied": _RIGHTS,
    "AllAccessDisabled": _RIGHTS,
    "403": _RIGHTS,
    "InvalidAccessKeyId": _KEYS,
    "SignatureDoesNotMatch": _KEYS,
    "ExpiredToken": "the session's keys have expired; get new ones",
    "RequestTimeTooSkewed": "this machine's clock is wrong; set it and try again",
    "PermanentRedirect": _REGION,
    "TemporaryRedirect": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "301": _REGION,
    "307": _REGION,
    "QuotaExceeded": "the bucket is full; free some space and try again",
    "EntityTooLarge": "the object is larger than the server allows",
    "NotImplemented": "the server does not know conditional writes; use AWS or Ceph RGW",
}


def is_absent(error: Exception) -> bool:
    """Return whether there is no such object; a missing bucket is another error."""
    return isinstance(error, ClientError) and _code(error) in _ABSENT


def is_bucket_absent(error: Exception) -> bool:
    """Return whether there is no such bucket."""
    return isinstance(error, ClientError) and _code(error) == "NoSuchBucket"


def is_taken(error: Exception) -> bool:
    """Return whether a conditional write was refused because there is an object."""
    return isinstance(error, ClientError) and _status(error) == 412


def is_broken_off(error: Exception) -> bool:
    """Return whether a response began and did not end."""
    return isinstance(error, _BROKEN_OFF)


def may_have_happened(error: Exception) -> bool:
    """Return whether a write that ended so may have been carried out, or may still be."""
    if isinstance(error, ClientError):
        return _status(error) >= 500 or _code(error) in _UNSETTLED
    return not isinstance(error, _NEVER_SENT)


def describe_s3_error(verb: str, url: str, error: Exception) -> str:
    """Return the sentence for what the server refused, with what to do about it."""
    return f"cannot {verb} {url}: {_advice(error)}"


def _advice(error: Exception) -> str:
    if isinstance(error, ClientError):
        return _advice_on_response(error)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return "there are no keys; set ACCESS_KEY and SECRET_KEY, or what boto3 reads"
    if isinstance(error, _NEVER_SENT):
        return "the server cannot be reached; look at SKULENS_S3_ENDPOINT and the network"
    if isinstance(error, ReadTimeoutError):
        return "the server does not answer; try again later"
    if isinstance(error, _TRUNCATED):
        return "the answer broke off again and again; look at the network"
    kind = "the request failed" if isinstance(error, BotoCoreError) else "the upload failed"
    return f"{kind} ({' '.join(str(error).split())})"


def _advice_on_response(error: ClientError) -> str:
    code, status = _code(error), _status(error)
    advice = _ADVICE.get(code) or _ADVICE.get(str(status))
    if advice is not None:
        return advice.format(hint=_region_hint(error))
    if status >= 500:
        return _LATER.format(code=code)
    message = error.response.get("Error", {}).get("Message") or "no reason given"
    return f"the server refused ({code}: {' '.join(message.split())})"


def _region_hint(error: ClientError) -> str:
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    region = headers.get("x-amz-bucket-region")
    return f" to {region}" if region else ""


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def _status(error: ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
