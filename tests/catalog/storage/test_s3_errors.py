"""Errors of a bucket: the sentence that each becomes, and whether a write is in doubt."""

from typing import Any

import pytest
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

from catalog.errors import StorageUnavailable
from catalog.storage.s3_errors import (
    describe_s3_error,
    is_absent,
    is_broken_off,
    is_bucket_absent,
    is_taken,
    may_have_happened,
)


def answered(code: str, status: int, **headers: str) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": "said so"},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers},
    }
    return ClientError(response, "PutObject")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (answered("NoSuchBucket", 404), "no such bucket.*SKULENS_S3_BUCKET"),
        (answered("AccessDenied", 403), "not allowed.*docs/catalog.md"),
        (answered("403", 403), "not allowed"),
        (answered("InvalidAccessKeyId", 403), "ACCESS_KEY"),
        (answered("RequestTimeTooSkewed", 403), "clock"),
        (
            answered("PermanentRedirect", 301, **{"x-amz-bucket-region": "eu-west-1"}),
            "SKULENS_S3_REGION to eu-west-1",
        ),
        (answered("SlowDown", 503), r"out of order \(SlowDown\)"),
        (answered("Odd", 418), r"refused \(Odd: said so\)"),
        (NoCredentialsError(), "ACCESS_KEY"),
        (EndpointConnectionError(endpoint_url="http://x"), "cannot be reached"),
        (ReadTimeoutError(endpoint_url="http://x"), "does not answer"),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), "broke off"),
    ],
)
def test_each_refusal_is_one_sentence_with_what_to_do(error: Exception, sentence: str) -> None:
    message = describe_s3_error("write", "s3://bucket/key", error)
    assert "\n" not in message
    with pytest.raises(StorageUnavailable, match=sentence):
        raise StorageUnavailable(message)


@pytest.mark.parametrize(
    ("error", "open_"),
    [
        (answered("InternalError", 500), True),
        (answered("SlowDown", 503), True),
        (answered("ConditionalRequestConflict", 409), True),
        (answered("AccessDenied", 403), False),
        (ReadTimeoutError(endpoint_url="http://x"), True),
        (ConnectTimeoutError(endpoint_url="http://x"), False),
        (EndpointConnectionError(endpoint_url="http://x"), False),
    ],
)
def test_only_what_surely_did_nothing_counts_as_refused(error: Exception, open_: bool) -> None:
    assert may_have_happened(error) is open_


@pytest.mark.parametrize(
    ("codes", "sentence"),
    [
        (
            ["NoSuchBucket"],
            "there is no such bucket; create it or look at SKULENS_S3_BUCKET",
        ),
        (["InvalidBucketName"], "that is no bucket's name; look at SKULENS_S3_BUCKET"),
        (
            ["AccessDenied", "AllAccessDisabled", "403"],
            "these keys are not allowed to; docs/catalog.md lists the rights that skulens needs",
        ),
        (
            ["InvalidAccessKeyId", "SignatureDoesNotMatch"],
            "the server does not know these keys; look at ACCESS_KEY and SECRET_KEY",
        ),
        (["ExpiredToken"], "the session's keys have expired; get new ones"),
        (["RequestTimeTooSkewed"], "this machine's clock is wrong; set it and try again"),
        (
            [
                "PermanentRedirect",
                "TemporaryRedirect",
                "AuthorizationHeaderMalformed",
                "IllegalLocationConstraintException",
                "301",
                "307",
            ],
            "the bucket is in another region; set SKULENS_S3_REGION",
        ),
        (["QuotaExceeded"], "the bucket is full; free some space and try again"),
        (["EntityTooLarge"], "the object is larger than the server allows"),
        (
            ["NotImplemented"],
            "the server does not know conditional writes; use AWS or Ceph RGW",
        ),
    ],
)
def test_every_known_code_has_its_advice(codes: list[str], sentence: str) -> None:
    for code in codes:
        message = describe_s3_error("write", "s3://bucket/key", answered(code, 400))
        assert message == f"cannot write s3://bucket/key: {sentence}"


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (403, "not allowed to"),
        (301, "another region"),
        (307, "another region"),
        (500, r"overloaded or out of order \(Odd\); try again later"),
        (400, r"the server refused \(Odd: said so\)"),
    ],
)
def test_an_unknown_code_is_advised_by_its_status(status: int, sentence: str) -> None:
    with pytest.raises(StorageUnavailable, match=sentence):
        raise StorageUnavailable(describe_s3_error("read", "s3://b/k", answered("Odd", status)))


def test_a_response_without_code_and_message_still_has_a_sentence() -> None:
    empty = ClientError({}, "GetObject")
    sentence = describe_s3_error("read", "s3://b/k", empty)
    assert sentence.endswith("refused (no code: no reason given)")
    assert not may_have_happened(empty)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            PartialCredentialsError(provider="env", cred_var="x"),
            "there are no keys; set ACCESS_KEY and SECRET_KEY, or what boto3 reads",
        ),
        (
            ConnectTimeoutError(endpoint_url="http://x"),
            "the server cannot be reached; look at SKULENS_S3_ENDPOINT and the network",
        ),
        (
            ProxyConnectionError(proxy_url="http://x"),
            "the proxy cannot be reached; look at HTTPS_PROXY and NO_PROXY",
        ),
        (
            ResponseParserError("cut"),
            "the answer broke off again and again; look at the network",
        ),
        (
            ResponseStreamingError(error="cut"),
            "the answer broke off again and again; look at the network",
        ),
        (BotoCoreError(), "the request failed (An unspecified error occurred)"),
        (RuntimeError("two\n lines"), "the upload failed (two lines)"),
    ],
)
def test_a_failure_without_a_response_has_its_advice(error: Exception, sentence: str) -> None:
    assert describe_s3_error("write", "s3://b/k", error) == f"cannot write s3://b/k: {sentence}"


def test_only_a_missing_object_is_absent_and_only_a_missing_bucket_is_a_missing_bucket() -> None:
    for code in ("NoSuchKey", "404", "NotFound"):
        assert is_absent(answered(code, 404))
        assert not is_bucket_absent(answered(code, 404))
    assert is_bucket_absent(answered("NoSuchBucket", 404))
    assert not is_absent(answered("NoSuchBucket", 404))
    for check in (is_absent, is_bucket_absent, is_taken):
        assert not check(ReadTimeoutError(endpoint_url="http://x"))


def test_a_failed_condition_means_that_the_name_is_taken() -> None:
    assert is_taken(answered("PreconditionFailed", 412))
    assert not is_taken(answered("ConditionalRequestConflict", 409))


@pytest.mark.parametrize(
    ("error", "broken_off"),
    [
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), True),
        (ResponseParserError("cut"), True),
        (ResponseStreamingError(error="cut"), True),
        (ReadTimeoutError(endpoint_url="http://x"), True),
        (ConnectTimeoutError(endpoint_url="http://x"), False),
        (answered("InternalError", 500), False),
    ],
)
def test_a_response_that_began_and_did_not_end_is_broken_off(
    error: Exception, broken_off: bool
) -> None:
    assert is_broken_off(error) is broken_off


@pytest.mark.parametrize("code", ["OperationAborted", "RequestTimeout"])
def test_a_refusal_that_settles_nothing_leaves_the_write_in_doubt(code: str) -> None:
    assert may_have_happened(answered(code, 400))


def test_a_request_that_never_left_did_nothing() -> None:
    assert not may_have_happened(NoCredentialsError())
    assert not may_have_happened(PartialCredentialsError(provider="env", cred_var="x"))
    assert not may_have_happened(ProxyConnectionError(proxy_url="http://x"))
    assert may_have_happened(RuntimeError("unknown"))
