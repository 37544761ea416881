"""Particulars of buckets; the contract of all storages is in test_base."""

from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ReadTimeoutError,
)

from catalog.errors import NewerFormat, StorageUnavailable
from catalog.storage.s3 import S3Options, S3Storage
from catalog.storage.s3_errors import describe_s3_error, may_have_happened
from tests.catalog.support.buckets import fresh
from tests.catalog.support.fakes import MemoryStorage, new_store, picture, same_store


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


def test_a_bucket_that_is_not_there_is_named(ceph: S3Options) -> None:
    storage = S3Storage(replace(ceph, bucket="no-such-bucket"))
    for use in (
        lambda: storage.put("shop/a", b"x"),
        lambda: storage.put_if_absent("shop/a", b"x"),
        lambda: storage.get("shop/a"),
        lambda: storage.list("shop/"),
        storage.folders,
    ):
        with pytest.raises(StorageUnavailable, match=r"no-such-bucket.*no such bucket"):
            use()


@pytest.mark.parametrize("which", ["access", "secret"])
def test_wrong_keys_are_refused_and_never_shown(ceph: S3Options, which: str) -> None:
    wrong_access, wrong_secret = replace(ceph, access_key="hush"), replace(ceph, secret_key="hush")
    options = wrong_access if which == "access" else wrong_secret
    with pytest.raises(StorageUnavailable, match="ACCESS_KEY and SECRET_KEY") as caught:
        S3Storage(options).list("shop/")
    assert "hush" not in f"{caught.value} {options!r}"


def test_encryption_is_requested(moto: S3Options) -> None:
    storage = fresh(replace(moto, encryption="AES256"))
    storage.put("shop/a", b"x")
    storage.put_if_absent("shop/b", b"x")
    storage.put("shop/large", bytes(20 << 20))
    client = boto3.client(
        "s3",
        endpoint_url=moto.endpoint,
        region_name=moto.region,
        aws_access_key_id="test",
        aws_secret_access_key="secret",
    )
    for name in ("a", "b", "large"):
        key = f"{storage.options.prefix}/shop/{name}"
        head = client.head_object(Bucket=moto.bucket, Key=key)
        assert head["ServerSideEncryption"] == "AES256"


def test_what_a_newer_skulens_wrote_is_not_written_over_and_the_rest_is_read(
    memory: MemoryStorage,
) -> None:
    store = new_store(memory)
    store.add_product("tea", [picture(1)])
    memory.put("shop/journal/000000000003.json", b'{"format": 99, "sequence": 3}')
    for reader in (store, same_store(memory)):
        assert list(reader.snapshot().products) == ["tea"]
        with pytest.raises(NewerFormat, match="newer skulens"):
            reader.add_product("milk", [picture(2)])
        with pytest.raises(NewerFormat):
            reader.remove_product("tea")
    assert memory.list("shop/journal/")[-1] == "shop/journal/000000000003.json"
