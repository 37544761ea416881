"""Pictures of a manifest that lie in buckets."""

import socket
import threading
import time
import unicodedata
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config

from catalog.errors import NotFound, StorageUnavailable
from catalog.storage.s3 import S3Options, S3Storage
from catalog.transfer.importer import ImportReport, RowStatus, import_path
from catalog.transfer.s3_images import S3Images
from tests.catalog.support.buckets import BUCKET
from tests.catalog.support.fakes import MemoryStorage, new_store, picture
from tests.catalog.support.faulty_proxy import Fault, proxied


@pytest.fixture(params=["moto", "ceph"])
def server(request: pytest.FixtureRequest) -> S3Options:
    options: S3Options = request.getfixturevalue(request.param)
    return options


def dropped(server: S3Options, **objects: bytes) -> str:
    """Objects in a folder of their own, whose address is returned; `_` stands for a space."""
    folder = f"pictures-{uuid4().hex[:12]}"
    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name=server.region,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        config=Config(s3={"addressing_style": "path"}),
    )
    with closing(client):
        for name, data in objects.items():
            key = f"{folder}/{name.replace('_', ' ')}"
            client.put_object(Bucket=BUCKET, Key=key, Body=data)
    return f"s3://{BUCKET}/{folder}"


def imported(tmp_path: Path, read: S3Images, **addresses: str) -> ImportReport:
    """Import products of one address each from a table."""
    rows = [f"{product_id},{address}" for product_id, address in addresses.items()]
    manifest = tmp_path / "products.csv"
    manifest.write_text("\n".join(["product_id,images", *rows]))
    return import_path(new_store(MemoryStorage()), manifest, fetch=read.get)


def test_a_table_takes_pictures_from_a_bucket_and_names_each_that_it_cannot(
    server: S3Options, tmp_path: Path
) -> None:
    tea = picture(1).data
    place = dropped(
        server, front_side_ä=tea, text=b"no picture", empty=b"", large=bytes(len(tea) + 9)
    )
    report = imported(
        tmp_path,
        S3Images(server, most_bytes=len(tea) + 8),
        tea=f"{place}/front side ä",
        gone=f"{place}/gone.png",
        text=f"{place}/text",
        empty=f"{place}/empty",
        large=f"{place}/large",
        nowhere="s3://skulens-nowhere/1.png",
    )
    problems = {row.product_id: row.problems for row in report.rows}
    assert [row.status for row in report.rows] == [RowStatus.ADDED] + [RowStatus.REFUSED] * 5
    assert problems["tea"] == ()
    assert problems["gone"][0] == f"there is no {place}/gone.png"
    assert problems["text"][0].startswith(f"{place}/text is not a picture that can be read")
    assert problems["empty"][0].startswith(f"{place}/empty is empty")
    assert problems["large"][0].startswith(f"{place}/large is too large for a picture (")
    assert (
        problems["nowhere"][0]
        == "there is no bucket skulens-nowhere for s3://skulens-nowhere/1.png"
    )
    assert all("\n" not in sentence for row in report.rows for sentence in row.problems)


def test_a_picture_that_may_not_be_read_names_the_rights(ceph: S3Options, tmp_path: Path) -> None:
    place = dropped(ceph, front=picture(1).data)
    other = replace(ceph, access_key="other")
    report = imported(tmp_path, S3Images(other), tea=f"{place}/front")
    problem = report.rows[0].problems[0]
    assert problem.startswith(f"cannot read {place}/front: these keys are not allowed to")


def test_a_response_that_breaks_off_is_requested_again_and_then_refused(moto: S3Options) -> None:
    place = dropped(moto, front=picture(1).data)
    with proxied(moto) as proxy:
        read = S3Images(proxy.options)
        with proxy.during(Fault.CUT_OFF), pytest.raises(StorageUnavailable, match="broke off"):
            read.get(f"{place}/front")
        assert read.get(f"{place}/front") == picture(1).data


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_key_of_the_world_is_found_whatever_form_its_letters_have(
    server: S3Options, forms: tuple[Literal["NFC", "NFD"], Literal["NFC", "NFD"]]
) -> None:
    stored, named = (unicodedata.normalize(form, "Früchte Müsli.png") for form in forms)
    folder = dropped(server, **{stored: picture(1).data})
    read = S3Images(server)
    assert read.get(f"{folder}/{named}") == picture(1).data
    with pytest.raises(NotFound, match="Käse"):
        read.get(f"{folder}/Käse.png")


@contextmanager
def trickling() -> Iterator[str]:
    """A server that promises a hundred bytes and sends one every tenth of a second."""
    over = threading.Event()

    def serve() -> None:
        with suppress(OSError), listener.accept()[0] as peer:
            peer.recv(65536)
            peer.sendall(b"HTTP/1.1 200 OK\r\nETag: x\r\nContent-Length: 100\r\n\r\n")
            while not over.wait(0.1):
                peer.sendall(b"x")

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def test_a_server_that_sends_a_byte_now_and_then_is_not_waited_for(moto: S3Options) -> None:
    with trickling() as endpoint:
        read = S3Images(replace(moto, endpoint=endpoint), seconds=0.5)
        started = time.monotonic()
        with pytest.raises(StorageUnavailable, match=r"not here after 0\.5 s"):
            read.get("s3://pics/1.png")
    assert time.monotonic() - started < 3


def test_a_catalog_in_a_bucket_may_take_pictures_from_another_folder_of_it(
    moto: S3Options, tmp_path: Path
) -> None:
    place = dropped(moto, front=picture(1).data)
    store = new_store(S3Storage(replace(moto, prefix=f"run-{uuid4().hex[:12]}")))
    manifest = tmp_path / "products.jsonl"
    manifest.write_text(f'{{"product_id": "tea", "images": ["{place}/front"]}}\n')
    import_path(store, manifest, fetch=S3Images(moto).get)
    assert store.product("tea").images[0].source_name == f"{place}/front"


def test_an_address_of_nothing_is_refused_in_python_too(moto: S3Options) -> None:
    with pytest.raises(NotFound, match="there is no s3://"):
        S3Images(moto).get(f"s3://{BUCKET}/gone")
