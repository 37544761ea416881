"""Errors of a bucket: which leave no doubt that nothing happened, and what to do about each."""

from collections.abc import Mapping
from typing import Final, Literal

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    IncompleteReadError,
    InvalidRegionError,
    MetadataRetrievalError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    ReadTimeoutError,
    ResponseStreamingError,
    SSLError,
    SSOError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.parsers import ResponseParserError

from catalog.storage.s3_answers import StrangeAnswer

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

# Numbers of a proxy that ended a request which may have gone on to the server.
_GIVEN_UP: Final = frozenset({408, 409, 425, 429, 499})

_REGION: Final = "the bucket is in another region; set SKULENS_S3_REGION{hint}"
_KEYS: Final = "the server does not know these keys; look at ACCESS_KEY and SECRET_KEY"
_RIGHTS: Final = (
    "these keys are not allowed to; docs/catalog.md lists the rights that skulens needs"
)
_EXPIRED: Final = "the session's keys have expired; get new ones"
_LATER: Final = "the server is overloaded or out of order ({code}); try again later"
_FULL: Final = "the bucket is full; free some space and try again"
_ALTERED: Final = (
    "the request was altered on its way ({code}), as proxies do; let it go past the proxy"
)
_ACCOUNT: Final = "the account behind these keys cannot be used ({code}); ask whoever runs it"
_ENCRYPTION: Final = "the encryption is refused ({code}); look at SKULENS_S3_ENCRYPTION"
_UNKNOWN_WRITES: Final = "the server does not know conditional writes; use AWS or Ceph RGW"
# By S3's codes, those of MinIO and Ceph, and HTTP's numbers, which answers without a body have.
_ADVICE: Final[Mapping[str, str]] = {
    "NoSuchBucket": "there is no such bucket; create it or look at SKULENS_S3_BUCKET",
    "InvalidBucketName": "that is no bucket's name; look at SKULENS_S3_BUCKET",
    "AccessDenied": _RIGHTS,
    "AllAccessDisabled": _RIGHTS,
    "Forbidden": _RIGHTS,
    "401": _KEYS,
    "403": _RIGHTS,
    "AccountProblem": _ACCOUNT,
    "NotSignedUp": _ACCOUNT,
    "UserSuspended": _ACCOUNT,
    "OptInRequired": _ACCOUNT,
    "InvalidAccessKeyId": _KEYS,
    "InvalidSecurity": _KEYS,
    "SignatureDoesNotMatch": _KEYS,
    "UnauthorizedAccess": _KEYS,
    "ExpiredToken": _EXPIRED,
    "InvalidToken": _EXPIRED,
    "TokenRefreshRequired": _EXPIRED,
    "RequestTimeTooSkewed": "this machine's clock is wrong; set it and try again",
    "RequestExpired": "this machine's clock is wrong; set it and try again",
    "PermanentRedirect": _REGION,
    "TemporaryRedirect": _REGION,
    "Redirect": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "301": _REGION,
    "307": _REGION,
    "QuotaExceeded": _FULL,
    "XMinioStorageFull": _FULL,
    "507": _FULL,
    "EntityTooLarge": "the object is larger than the server allows",
    "413": "the object is larger than the server, or a proxy in front of it, allows",
    "KeyTooLongError": "the key is longer than the server allows; shorten SKULENS_S3_PREFIX",
    "InvalidObjectState": "the object lies in an archive (Glacier); restore it first",
    "MethodNotAllowed": "the server refuses the request's method; look at SKULENS_S3_ENDPOINT",
    "405": "the server refuses the request's method; look at SKULENS_S3_ENDPOINT",
    "ObjectLocked": "the object is locked against changes; look at the bucket's retention",
    "KMS.DisabledException": _ENCRYPTION,
    "KMS.NotFoundException": _ENCRYPTION,
    "InvalidEncryptionAlgorithmError": _ENCRYPTION,
    "ServerSideEncryptionConfigurationNotFoundError": _ENCRYPTION,
    "BadDigest": _ALTERED,
    "IncompleteBody": _ALTERED,
    "XAmzContentSHA256Mismatch": _ALTERED,
    "XAmzContentChecksumMismatch": _ALTERED,
    "MissingSecurityHeader": _ALTERED,
    "SlowDown": _LATER,
    "RequestTimeout": _LATER,
    "OperationAborted": _LATER,
    "ConditionalRequestConflict": _LATER,
    "TooManyRequests": _LATER,
    "429": _LATER,
    "XMinioServerNotInitialized": _LATER,
    "NotImplemented": _UNKNOWN_WRITES,
    "501": _UNKNOWN_WRITES,
}
# MinIO's console answers so to requests that are for its API.
_CONSOLE: Final = "S3 API Requests must be made to API port"

_SIGN_IN: Final = "the keys that boto3 reads cannot be had ({reason}); sign in anew"
# By classes, the narrower before the wider.
_ADVICE_BY_CLASS: Final[tuple[tuple[tuple[type[Exception], ...], str], ...]] = (
    (
        (NoCredentialsError, PartialCredentialsError),
        "there are no keys; set ACCESS_KEY and SECRET_KEY, or what boto3 reads",
    ),
    (
        (
            UnauthorizedSSOTokenError,
            SSOError,
            TokenRetrievalError,
            CredentialRetrievalError,
            MetadataRetrievalError,
        ),
        _SIGN_IN,
    ),
    ((ProfileNotFound,), "{reason}; look at AWS_PROFILE, or set ACCESS_KEY and SECRET_KEY"),
    ((InvalidRegionError,), "that is no region ({reason}); look at SKULENS_S3_REGION"),
    (
        (ProxyConnectionError,),
        "the proxy cannot be reached; look at HTTPS_PROXY and NO_PROXY",
    ),
    (
        _NEVER_SENT,
        "the server cannot be reached; look at SKULENS_S3_ENDPOINT and the network",
    ),
    (
        (SSLError,),
        "its certificate is not trusted, or it does not speak TLS; look at SKULENS_S3_ENDPOINT "
        "(http or https), and at AWS_CA_BUNDLE",
    ),
    ((ReadTimeoutError,), "the server does not answer; try again later"),
    (_TRUNCATED, "the answer broke off again and again; look at the network"),
    (
        (ConnectionClosedError,),
        "the connection was closed without an answer; look at SKULENS_S3_ENDPOINT and the network",
    ),
    ((ParamValidationError,), "boto3 refuses the request ({reason})"),
    ((BotoCoreError,), "the request failed ({reason})"),
)


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
    if isinstance(error, StrangeAnswer):
        # A proxy that leaves headers out of an answer, or waits no longer for it, may have asked.
        return error.status < 300 or error.status in _GIVEN_UP
    return not isinstance(error, _NEVER_SENT)


def describe_s3_error(verb: str, url: str, error: Exception) -> str:
    """Return the sentence for what the server refused, with what to do about it."""
    return f"cannot {verb} {url}: {_advice(error)}"


def _advice(error: Exception) -> str:
    if isinstance(error, ClientError):
        return _advice_on_response(error)
    if isinstance(error, StrangeAnswer):
        return error.advice
    reason = " ".join(str(error).split()) or type(error).__name__
    for kinds, advice in _ADVICE_BY_CLASS:
        if isinstance(error, kinds):
            return advice.format(reason=reason)
    return f"the upload failed ({reason})"


def _advice_on_response(error: ClientError) -> str:
    code, status = _code(error), _status(error)
    message = " ".join(_error_text(error, "Message").split()) or "no reason given"
    if _CONSOLE in message:
        return (
            "that is the port of MinIO's console; give the one of its API in SKULENS_S3_ENDPOINT "
            "(9000 where nobody changed it)"
        )
    named = code or str(status or "no code")
    advice = _ADVICE.get(code) or _ADVICE.get(str(status))
    if advice is not None:
        return advice.format(hint=_region_hint(error), code=named)
    if status >= 500:
        return _LATER.format(code=named)
    return f"the server refused ({named}: {message})"


def _region_hint(error: ClientError) -> str:
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    region = headers.get("x-amz-bucket-region")
    return f" to {region}" if region else ""


def _code(error: ClientError) -> str:
    return _error_text(error, "Code")


def _error_text(error: ClientError, key: Literal["Code", "Message"]) -> str:
    # A body of another program leaves them out, or empty.
    return str(error.response.get("Error", {}).get(key) or "")


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
