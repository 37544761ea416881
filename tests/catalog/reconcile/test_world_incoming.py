"""Rubbish and odd names below `incoming/`: what is not taken in is never deleted."""

import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from catalog.reconcile.report import FindingKind, Report
from catalog.storage.base import Storage
from catalog.storage.folder import FolderStorage
from catalog.storage.s3 import S3Options
from tests.catalog.support.buckets import fresh
from tests.catalog.support.fakes import picture, same_store
from tests.catalog.support.reconciling import ManualClock, counts, filled, reconciler

Drop = Callable[[str, bytes], None]
Place = tuple[Storage, Drop, Callable[[], set[str]]]
GOOD = picture(7).data
RUBBISH = (
    "p0/@eaDir/side.jpg/SYNOPHOTO_THUMB_SM.jpg",
    "p0/@eaDir/side.jpg/SYNOPHOTO_THUMB_M.jpg",
    "p0/Thumbs.db",
    "p0/desktop.ini",
    "p0/front.png.crdownload",
    "#recycle/p0/old.png",
    "$RECYCLE.BIN/S-1/$RABC123.png",
)


@pytest.fixture(params=["folder", "ceph"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A storage, a way to drop files past all rules, one to list them; moto takes no such keys."""
    if request.param == "folder":
        folder = FolderStorage(tmp_path, durable=False)

        def drop(key: str, data: bytes) -> None:
            path = tmp_path / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

        def listed() -> set[str]:
            paths = (p for p in (tmp_path / "shop/incoming").rglob("*") if p.is_file())
            return {p.relative_to(tmp_path / "shop/incoming").as_posix() for p in paths}

        yield folder, drop, listed
        return
    options: S3Options = request.getfixturevalue(request.param)
    bucket = fresh(options)
    root = f"{bucket.options.prefix}/"
    client = boto3.client(
        "s3",
        endpoint_url=options.endpoint,
        region_name=options.region,
        aws_access_key_id=options.access_key,
        aws_secret_access_key=options.secret_key,
        config=Config(s3={"addressing_style": "path"}),
    )

    def put(key: str, data: bytes) -> None:
        client.put_object(Bucket=options.bucket, Key=root + key, Body=data)

    def keys() -> set[str]:
        folder = f"{root}shop/incoming/"
        found = client.list_objects_v2(Bucket=options.bucket, Prefix=folder)
        return {item["Key"].removeprefix(folder) for item in found.get("Contents", [])}

    yield bucket, put, keys
    client.close()


def problems(report: Report) -> list[str]:
    return [f.sentence for f in report.findings if f.kind is FindingKind.PROBLEM]


def test_rubbish_is_passed_over_and_stays_and_the_rest_is_taken_in(
    place: Place,
) -> None:
    storage, drop, listed = place
    filled(storage)
    for name in RUBBISH:
        drop(f"shop/incoming/{name}", GOOD)
    drop("shop/incoming/p0/side.png", GOOD)
    report = reconciler(storage).sync()
    assert counts(report)[FindingKind.TAKEN_IN] == 1
    assert problems(report) == []
    assert listed() == set(RUBBISH)
    assert len(same_store(storage).product("p0").images) == 2
    again = reconciler(storage).sync()
    assert set(counts(again)) == {FindingKind.PASSED_OVER}
    assert again.drift == 0


ODD = ("p0/back\\slash.png", "p0/tab\there.png", "p0/line\nbreak.png")


def test_keys_that_are_no_names_are_named_in_one_line_and_the_others_taken_in(
    place: Place,
) -> None:
    storage, drop, listed = place
    filled(storage)
    in_buckets = ("p0/a//b.png", "p0//c.png", "/d.png")
    odd = ODD if isinstance(storage, FolderStorage) else (*ODD, *in_buckets)
    good = ["p0/A photo.png", "p0/50%25.png", "p0/100%.png", "p0/a+b.png", "p0/日本 茶.png"]
    good += [unicodedata.normalize("NFD", "p0/Müsli.png"), "p0/q?x=1&y#z.png", "p0/it's (1);.png"]
    for number, name in enumerate((*odd, *good)):
        drop(f"shop/incoming/{name}", picture(10 + number).data)
    report = reconciler(storage).sync()
    assert counts(report) == {FindingKind.PROBLEM: len(odd), FindingKind.TAKEN_IN: len(good)}
    assert all("\n" not in s and "\t" not in s for s in problems(report))
    assert sum("rename it" in sentence for sentence in problems(report)) >= len(ODD)
    assert listed() == set(odd)
    assert len(same_store(storage).product("p0").images) == 1 + len(good)


def test_a_dry_run_names_them_too(place: Place) -> None:
    storage, drop, listed = place
    filled(storage)
    for name in (*ODD, *RUBBISH):
        drop(f"shop/incoming/{name}", GOOD)
    before = listed()
    assert len(problems(reconciler(storage).sync(dry_run=True))) == len(ODD)
    assert listed() == before


def test_reconcile_leaves_a_file_servers_files_alone(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path, durable=False)
    filled(storage)
    kept = [
        *("shop/images/@eaDir/x.jpg/SYNOPHOTO_THUMB_M.jpg", "shop/images/Thumbs.db"),
        *("shop/features/desktop.ini", "shop/feedback/@eaDir/y.jpg", "shop/products/Thumbs.db"),
        *("#recycle/shop/images/z.jpg", "@eaDir/shop.jpg", "lost+found/#1234"),
    ]
    for name in kept:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    clock = ManualClock()
    for _ in range(3):
        report = reconciler(storage, clock).reconcile()
        assert report.findings == ()
        clock.seconds += 1e6
    assert all((tmp_path / name).exists() for name in kept)
