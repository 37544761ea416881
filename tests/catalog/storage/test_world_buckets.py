"""Endpoints with a path, that redirect, or that are no S3 server; every refusal in one sentence."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import uuid4

import botocore.exceptions
import botocore.parsers
import pytest
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from catalog.errors import StorageUnavailable, Undetermined
from catalog.storage.base import Storage
from catalog.storage.s3 import S3Options, S3Storage
from catalog.storage.s3_errors import describe_s3_error
from tests.catalog.support.odd_servers import OddQuery, OddReply, answering, below

PAGE = b"<!doctype html><html><head><title>Console</title></head><body>Log in</body></html>"
HTML = {"Content-Type": "text/html"}


def storage_at(address: str) -> S3Storage:
    return S3Storage(
        S3Options(
            bucket="shop-bucket",
            endpoint=address,
            region="us-east-1",
            path_style=True,
            access_key="test",
            secret_key="secret",
            attempts=1,
            read_seconds=5,
        )
    )


def refusals(storage: Storage, status: int = 0) -> dict[str, str]:
    """Ask for everything, and return the sentences; none may be a success.

    404 without a body, as to HEAD, is an answer of S3, too.
    """
    uses: dict[str, Callable[[], object]] = {
        "get": lambda: storage.get("shop/a"),
        "put": lambda: storage.put("shop/a", b"x"),
        "put_if_absent": lambda: storage.put_if_absent("shop/a", b"x"),
        "list": lambda: storage.list("shop/"),
        "folders": storage.folders,
        "modified": lambda: storage.modified("shop/a"),
    }
    if status == 404:
        del uses["modified"]
    sentences = {}
    for name, use in uses.items():
        with pytest.raises(StorageUnavailable) as caught:
            use()
        in_doubt = name == "put_if_absent" and (200 <= status < 300 or status == 429)
        assert isinstance(caught.value, Undetermined) is in_doubt
        sentences[name] = str(caught.value)
    return sentences


def test_a_server_below_a_path_is_used(moto: S3Options) -> None:
    with below("/storage/v1/s3", moto.endpoint) as address:
        options = replace(moto, endpoint=address, prefix=f"run-{uuid4().hex[:12]}")
        storage = S3Storage(options)
        storage.put("shop/a", b"x")
        storage.put("shop/large", bytes(17 << 20))
        assert storage.put_if_absent("shop/b", b"y")
        assert storage.get("shop/a") == b"x"
        assert storage.list("shop/") == ("shop/a", "shop/b", "shop/large")
        assert storage.folders() == ("shop",)
        assert storage.modified("shop/a") > 0
        storage.delete("shop/a")
        assert storage.list("shop/") == ("shop/b", "shop/large")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_server_that_redirects_is_named_with_where_it_sends(status: int) -> None:
    def answer(query: OddQuery) -> OddReply:
        location = f"https://s3.example.com:9443/api{query.path}"
        return OddReply(status, b"<html>moved</html>", {**HTML, "Location": location})

    with answering(answer) as address:
        for name, sentence in refusals(storage_at(address)).items():
            # The service as a whole has no bucket in its address.
            assert f"({status}" in sentence, name
            assert "https://s3.example.com:9443/api" in sentence, name
            assert "SKULENS_S3_ENDPOINT" in sentence, name


def test_a_redirection_never_shows_a_signature() -> None:
    def answer(_: OddQuery) -> OddReply:
        location = "https://me:hush@s3.example.com/shop-bucket/?X-Amz-Signature=hush"
        return OddReply(302, b"", {"Location": location})

    with answering(answer) as address:
        for sentence in refusals(storage_at(address)).values():
            assert "hush" not in sentence


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (OddReply(200, PAGE, HTML), r"no S3 server \(200, a web page\)"),
        (OddReply(200, b"", None), r"no S3 server \(200"),
        (OddReply(200, b"{}", {"Content-Type": "application/json"}), "no S3 server"),
        (OddReply(302, b"", {"Location": "/login"}), "no S3 server.*another page"),
        (OddReply(302, b"", {"Location": "http://sso.example.com/login"}), "no S3 server.*sso"),
        (
            OddReply(401, b"{}", {"Content-Type": "application/json"}),
            "log-in that S3",
        ),
        (OddReply(403, PAGE, HTML), "proxy or firewall"),
        (OddReply(404, PAGE, HTML), r"no S3 server \(404\); it is a web server"),
        (OddReply(405, PAGE, HTML), r"no S3 server \(405\)"),
        (OddReply(413, PAGE, HTML), r"413.*client_max_body_size"),
        (OddReply(418, PAGE, HTML), r"no S3 server \(418\)"),
        (OddReply(421, PAGE, HTML), "another host"),
        (OddReply(429, b"slow", {"Content-Type": "text/plain"}), "try again later"),
    ],
)
def test_an_endpoint_that_is_no_s3_server_says_so(reply: OddReply, sentence: str) -> None:
    with answering(lambda _: reply) as address:
        for name, seen in refusals(storage_at(address), status=reply.status).items():
            assert re.search(sentence, seen), (name, seen)
            assert "SKULENS_S3_ENDPOINT" in seen or "proxy" in seen, (name, seen)


def test_the_port_of_a_console_is_known_from_that_of_the_api() -> None:
    error = b"<Error><Code>InvalidArgument</Code><Message>S3 API Requests must be made to API port."
    reply = OddReply(400, error + b"</Message></Error>", {"Content-Type": "application/xml"})
    with answering(lambda _: reply) as address, pytest.raises(StorageUnavailable, match="console"):
        storage_at(address).list("shop/")


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_proxy_whose_server_is_down_leaves_a_write_in_doubt(status: int) -> None:
    with answering(lambda _: OddReply(status, PAGE, HTML)) as address:
        storage = storage_at(address)
        with pytest.raises(StorageUnavailable, match=rf"out of order \({status}\)"):
            storage.list("shop/")
        with pytest.raises(Undetermined):
            storage.put_if_absent("shop/a", b"x")


def test_a_page_that_was_stored_in_a_bucket_is_an_object(moto: S3Options) -> None:
    storage = S3Storage(replace(moto, prefix=f"run-{uuid4().hex[:12]}"))
    storage.put("shop/a", PAGE)
    assert storage.get("shop/a") == PAGE


def subclasses(kind: type[Exception]) -> Iterator[type[Exception]]:
    for narrower in kind.__subclasses__():
        yield narrower
        yield from subclasses(narrower)


def made(kind: type[Exception]) -> Exception:
    """An exception of a class, with whatever its template asks for."""
    names = re.findall(r"{(\w+)", getattr(kind, "fmt", ""))
    try:
        return kind(**dict.fromkeys(names, "odd\nvalue"))
    except TypeError:  # some take their values without names
        return kind(*("odd\nvalue",) * (kind.__init__.__code__.co_argcount - 1))


@pytest.mark.parametrize("base", [BotoCoreError, Boto3Error, botocore.parsers.ResponseParserError])
def test_every_exception_of_the_library_becomes_one_sentence(base: type[Exception]) -> None:
    kinds = [base, *subclasses(base)]
    assert kinds
    for kind in kinds:
        sentence = describe_s3_error("read", "s3://bucket/key", made(kind))
        assert sentence.startswith("cannot read s3://bucket/key: "), kind
        assert "\n" not in sentence, kind
        assert not re.search(r"[{}]|: $", sentence), (kind, sentence)


# As AWS documents them, and what MinIO, Ceph and HTTP's own numbers add.
_DOCUMENTED = (
    "AccessDenied AccountProblem AllAccessDisabled AuthorizationHeaderMalformed BadDigest "
    "BadRequest BucketAlreadyExists BucketNotEmpty ConditionalRequestConflict EntityTooLarge "
    "EntityTooSmall ExpiredToken IllegalLocationConstraintException IncompleteBody "
    "InternalError InvalidAccessKeyId InvalidArgument InvalidBucketName InvalidBucketState "
    "InvalidDigest InvalidEncryptionAlgorithmError InvalidObjectState InvalidPart InvalidRange "
    "InvalidRequest InvalidSecurity InvalidToken KeyTooLongError KMS.DisabledException "
    "KMS.NotFoundException MalformedXML MaxMessageLengthExceeded MethodNotAllowed "
    "MissingContentLength MissingSecurityHeader NoSuchBucket NoSuchUpload NotDeviceOwnerError "
    "NotImplemented NotSignedUp OperationAborted PermanentRedirect PreconditionFailed "
    "QuotaExceeded Redirect RequestTimeTooSkewed RequestTimeout ServiceUnavailable "
    "SignatureDoesNotMatch SlowDown TemporaryRedirect TokenRefreshRequired TooManyBuckets "
    "UserSuspended XAmzContentSHA256Mismatch XMinioServerNotInitialized XMinioStorageFull"
)
CODES = _DOCUMENTED.split(" ")


@pytest.mark.parametrize("code", [*CODES, *map(str, range(300, 600)), "", "Odd"])
def test_every_code_becomes_one_sentence_with_the_code_or_what_to_do(code: str) -> None:
    status = int(code) if code.isdigit() else 400
    for message in ("said so", "", json.dumps({"a": "b\nc"})):
        error = ClientError(
            {
                "Error": {"Code": code, "Message": message},
                "ResponseMetadata": {
                    "HTTPStatusCode": status,
                    "HTTPHeaders": {},
                    "RequestId": "",
                    "HostId": "",
                    "RetryAttempts": 0,
                },
            },
            "GetObject",
        )
        sentence = describe_s3_error("read", "s3://bucket/key", error)
        assert "\n" not in sentence
        assert not re.search(r"\(\)|\(:|: $|{code}|{hint}", sentence), sentence


def test_a_certificate_that_is_not_trusted_is_named() -> None:
    error = botocore.exceptions.SSLError(endpoint_url="https://x", error=ValueError("self-signed"))
    assert "certificate" in describe_s3_error("read", "s3://bucket/key", error)
