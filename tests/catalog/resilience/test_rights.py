"""The least rights of docs/catalog.md suffice, and are the least."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from PIL import Image

from catalog.errors import StorageUnavailable
from catalog.ingest.image_file import ImageFile
from catalog.reconcile.report import FindingKind
from catalog.records.product import Product
from catalog.registry import Catalogs
from catalog.storage.s3 import S3Options, S3Storage
from tests.catalog.support.buckets import BUCKET
from tests.catalog.support.fakes import FakeEncoder, encoded, new_store, picture, pixels, same_store
from tests.catalog.support.rights import client, granted_by_ceph, granted_by_moto


def apart() -> str:
    """A prefix that no other test uses."""
    return f"team-{uuid4().hex[:12]}"


@pytest.fixture(params=["moto", "ceph"])
def worker(request: pytest.FixtureRequest) -> Iterator[S3Options]:
    """Keys that may do what the page says, and nothing else."""
    if request.param == "moto":
        with granted_by_moto(apart()) as server:
            yield server
    else:
        owner = request.getfixturevalue("ceph")
        yield granted_by_ceph(owner, apart())
        client(owner).delete_bucket_policy(Bucket=BUCKET)


def test_every_operation_works_by_the_documented_policy(worker: S3Options) -> None:
    storage = S3Storage(worker)
    store = new_store(storage)
    large = encoded(Image.fromarray(pixels(7, 3000, 2000)), "BMP")  # goes up in parts
    store.add_product("tea", [picture(1), ImageFile("large.bmp", large)])
    store.add_product("milk", [picture(2)])
    store.add_images("milk", [picture(3)])
    store.replace_images("milk", [picture(4), picture(5)])
    store.remove_images("milk", [store.product("milk").images[0].image_id])
    store.update_product("milk", name="Oat milk", attributes={"price": 2})
    store.remove_product("milk")
    milk: Product = store.restore_product("milk").product
    assert same_store(storage).snapshot().picture(milk.images[0].image_id)
    catalogs = Catalogs(storage, FakeEncoder())
    assert catalogs.names() == ("shop",)
    storage.put("shop/incoming/cocoa/front.png", picture(6).data)
    reconciler = catalogs.reconciler("shop", grace_seconds=0.0)
    assert [finding.kind for finding in reconciler.sync().findings] == [FindingKind.TAKEN_IN]
    reconciler.reconcile()
    collected = reconciler.reconcile().findings
    assert FindingKind.COLLECTED in {finding.kind for finding in collected}
    newer = Catalogs(storage, FakeEncoder("2")).open("shop")
    newer.migration.switch()
    newer.migration.roll_back()
    catalogs.delete("shop")
    assert catalogs.names() == ()


def _foreign(worker: S3Options) -> dict[str, Callable[[], object]]:
    """A place that the policy does not allow."""
    s3 = client(worker)
    beside = S3Storage(replace(worker, prefix="team-b"))
    entry = f"{worker.prefix}/shop/journal/000000000001.json"
    return {
        "another team's object": lambda: beside.put("shop/x.json", b"{}"),
        "reading another team's object": lambda: beside.get("shop/x.json"),
        "deleting another team's object": lambda: beside.delete("shop/x.json"),
        "deleting a journal entry": lambda: s3.delete_object(Bucket=BUCKET, Key=entry),
        "deleting the bucket": lambda: s3.delete_bucket(Bucket=BUCKET),
        "reading the policy": lambda: s3.get_bucket_policy(Bucket=BUCKET),
        "opening it to the world": lambda: s3.put_bucket_acl(Bucket=BUCKET, ACL="public-read"),
    }


def test_nothing_else_is_allowed_by_it(worker: S3Options) -> None:
    new_store(S3Storage(worker))
    for what, act in _foreign(worker).items():
        with pytest.raises((StorageUnavailable, ClientError), match=r"not allowed|Denied"):
            pytest.fail(f"{what} was allowed: {act()}")
    assert same_store(S3Storage(worker)).state().sequence == 1


def test_listing_is_bounded_to_the_prefix(ceph: S3Options) -> None:
    worker = granted_by_ceph(ceph, apart())
    try:
        with pytest.raises(StorageUnavailable, match="not allowed"):
            S3Storage(replace(worker, prefix="team-b")).folders()
    finally:
        client(ceph).delete_bucket_policy(Bucket=BUCKET)


def test_a_reader_needs_no_right_to_write(ceph: S3Options) -> None:
    try:
        writer = S3Storage(granted_by_ceph(ceph, apart()))
        Catalogs(writer, FakeEncoder()).create("readable").add_product("tea", [picture(1)])
        granted_by_ceph(ceph, writer.options.prefix, writes=False)
        reader = S3Storage(writer.options)
        store = Catalogs(reader, FakeEncoder()).open("readable")
        assert list(store.snapshot().products) == ["tea"]
        with pytest.raises(StorageUnavailable, match="not allowed"):
            store.update_product("tea", name="Tea")
    finally:
        client(ceph).delete_bucket_policy(Bucket=BUCKET)
