"""Particulars of buckets; the contract of all storages is in test_base."""

from dataclasses import replace

import boto3
import pytest

from catalog.errors import NewerFormat, StorageUnavailable
from catalog.storage.s3 import S3Options, S3Storage
from tests.catalog.support.buckets import fresh
from tests.catalog.support.fakes import MemoryStorage, new_store, picture, same_store


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
