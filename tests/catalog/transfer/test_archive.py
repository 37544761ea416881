import stat
import zipfile
from pathlib import Path

import pytest

from catalog.errors import CatalogError, Invalid, NotFound
from catalog.transfer.archive import unpack_archive
from catalog.transfer.importer import RowStatus, import_path, open_manifest
from tests.catalog.support.fakes import MemoryStorage, new_store, picture


def zipped(folder: Path, files: dict[str, bytes]) -> Path:
    path = folder / "products.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


TWO = {"tea/1.png": picture(1).data, "milk/2.png": picture(2).data}


@pytest.mark.parametrize("around", ["", "shop/", "my shop/"])
def test_a_zip_of_product_folders_is_imported_and_again_changes_nothing(
    tmp_path: Path, memory: MemoryStorage, around: str
) -> None:
    path = zipped(tmp_path, {around + name: data for name, data in TWO.items()})
    store = new_store(memory)
    assert import_path(store, path).count(RowStatus.ADDED) == 2
    again = import_path(store, path)
    assert again.count(RowStatus.UNCHANGED) == 2
    assert again.index_version == 3


def test_a_zip_with_a_manifest_is_read_by_it(tmp_path: Path, memory: MemoryStorage) -> None:
    manifest = b"product_id,images,price:number\ntea,tea/1.png,2.5\n"
    store = new_store(memory)
    report = import_path(store, zipped(tmp_path, {"products.csv": manifest, **TWO}))
    assert [row.product_id for row in report.rows] == ["tea"]
    assert store.product("tea").attributes == (("price", 2.5),)


def test_what_macs_add_is_passed_over(tmp_path: Path, memory: MemoryStorage) -> None:
    path = zipped(tmp_path, {**TWO, "__MACOSX/tea/._1.png": b"x"})
    report = import_path(new_store(memory), path)
    assert (len(report.rows), report.failures) == (2, ())


@pytest.mark.parametrize(
    "name", ["../evil.png", "tea/../../evil.png", "/evil.png", "C:\\evil.png", "tea\\..\\..\\e.png"]
)
def test_a_path_that_leads_out_is_refused_before_anything_is_written(
    tmp_path: Path, name: str
) -> None:
    path = zipped(tmp_path, {**TWO, name: b"x"})
    with pytest.raises(Invalid, match="leads out"), open_manifest(path):
        pass
    assert not list(tmp_path.rglob("e*.png"))


def test_a_link_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "link.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("tea/1.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(Invalid, match="link"), unpack_archive(path):
        pass


def test_a_bomb_is_refused_by_what_it_says_of_itself(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"tea/1.png": bytes(5_000_000)})
    with pytest.raises(Invalid, match="5,000,000 bytes"), unpack_archive(path):
        pass


@pytest.mark.parametrize("data", [b"", b"no zip at all", b"PK\x03\x04 cut off"])
def test_a_damaged_zip_is_one_sentence(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken.zip"
    path.write_bytes(data)
    with pytest.raises(Invalid, match=r"broken\.zip is damaged"), open_manifest(path):
        pass


def test_a_zip_whose_member_is_damaged_is_one_sentence(tmp_path: Path) -> None:
    path = zipped(tmp_path, TWO)
    data = bytearray(path.read_bytes())
    data[60] ^= 255
    path.write_bytes(bytes(data))
    with pytest.raises(Invalid, match="damaged"), open_manifest(path):
        pass


def test_pictures_come_from_addresses_too(tmp_path: Path, memory: MemoryStorage) -> None:
    (tmp_path / "1.png").write_bytes(picture(1).data)
    manifest = tmp_path / "products.csv"
    manifest.write_text("product_id,images\ntea,1.png;s3://pics/shop/2.png;s3://pics/none.png\n")

    def fetch(address: str) -> bytes:
        if address != "s3://pics/shop/2.png":
            raise NotFound("there is no such object")
        return picture(2).data

    store = new_store(memory)
    (row,) = import_path(store, manifest, fetch=fetch).rows
    assert row.problems == ("s3://pics/none.png: there is no such object",)
    names = [image.source_name for image in store.product("tea").images]
    assert names == ["1.png", "s3://pics/shop/2.png"]
    assert import_path(store, manifest, fetch=fetch).rows[0].status is RowStatus.UNCHANGED


def test_an_address_is_refused_where_nobody_can_read_it(
    tmp_path: Path, memory: MemoryStorage
) -> None:
    manifest = tmp_path / "products.csv"
    manifest.write_text("product_id,images\ntea,s3://pics/2.png\nmilk,s3://pics\n")
    report = import_path(new_store(memory), manifest)
    assert report.count(RowStatus.REFUSED) == 2
    assert "s3://bucket/key" in report.rows[1].problems[0]


def test_a_storage_that_fails_stops_the_import_and_it_goes_on_later(
    tmp_path: Path, memory: MemoryStorage
) -> None:
    path = zipped(tmp_path, {f"p{n}/{n}.png": picture(n).data for n in range(12)})
    store = new_store(memory)
    memory.refuses_after = 40
    with pytest.raises(CatalogError):
        import_path(store, path)
    memory.refuses_after = None
    before = len(store.state().products)
    report = import_path(store, path)
    assert 0 < before < 12
    assert (report.count(RowStatus.UNCHANGED), report.count(RowStatus.ADDED)) == (
        before,
        12 - before,
    )
    assert len(store.state().products) == 12
