"""Names that are passed over, and names that are a person's own in spite of an odd look."""

import pytest

from catalog.ingest.rubbish import is_rubbish


@pytest.mark.parametrize(
    "path",
    [
        "milk/@eaDir/side.jpg/SYNOPHOTO_THUMB_SM.jpg",
        "milk/@eadir/side.jpg",
        "milk/SYNOINDEX_MEDIA_INFO",
        "#recycle/milk/side.jpg",
        "#snapshot/GMT-2026.11.01/milk/side.jpg",
        "@Recycle/side.jpg",
        "milk/.@__thumb/side.jpg",
        "milk/@__thumb/side.jpg",
        "@Recently-Snapshot/side.jpg",
        "milk/Thumbs.db",
        "milk/thumbs.DB",
        "milk/ehthumbs_vista.db",
        "milk/desktop.ini",
        "milk/Desktop.ini",
        "$RECYCLE.BIN/S-1-5-21/$RABC123.jpg",
        "System Volume Information/tracking.log",
        "milk/$I4K2Q0A.jpg",
        "milk/.DS_Store",
        "milk/._side.jpg",
        "__MACOSX/milk/._side.jpg",
        "milk/Icon\r",
        ".Trashes/501/side.jpg",
        "milk/.AppleDouble/side.jpg",
        "lost+found/side.jpg",
        ".dropbox.cache/2026-11-01/side.jpg",
        "milk/.dropbox.attr",
        "milk/~ab12.tmp",
        "milk/.849C9593-D756-4E56-8D6E-42412F2A707B",
        "milk/.syncthing.side.jpg.tmp",
        "milk/~syncthing~side.jpg.tmp",
        ".stversions/milk/side~20261101-101010.jpg",
        "milk/.side.jpg.icloud",
        ".git/objects/ab/cd.jpg",
        "milk/.gitkeep",
        "milk/~$table.xlsx",
        "milk/.~lock.table.ods#",
        "milk/#side.txt#",
        "milk/side.jpg~",
        "milk/.side.jpg.swp",
        "milk/side.jpg.bak",
        "milk/side.jpg.part",
        "milk/side.jpg.crdownload",
        "milk/Unconfirmed 4711.crdownload",
        "milk/side.jpg.download/side.jpg",
        "milk/side.jpg.opdownload",
        "milk/side.jpg.filepart",
        "milk/side.jpg.aria2",
        "milk/side.jpg.tmp",
        "milk/shop.url",
        "milk/shop.webloc",
        "milk/photo.lnk",
        "milk/.fuse_hidden0000",
        "milk/.nfs0001",
        "milk/Picasa.ini",
    ],
)
def test_what_nobody_made_is_passed_over(path: str) -> None:
    assert is_rubbish(path.split("/"))


@pytest.mark.parametrize(
    "path",
    [
        "milk/side.jpg",
        "milk/side (1).jpg",
        "milk/side (conflicted copy 2026-11-01).jpg",
        "milk/@home.jpg",
        "milk/#1.jpg",
        "#1/side.jpg",
        "milk/thumbs.jpg",
        "milk/desktop.jpg",
        "milk/partial/side.jpg",
        "milk/~side.jpg",
        "milk/$5 bill.jpg",
        "milk/temporary.png",
        "recycle/side.jpg",
        "milk/Früchte.jpg",
        "milk/notes.txt",
        "milk/",
    ],
)
def test_what_somebody_named_is_not(path: str) -> None:
    assert not is_rubbish(path.split("/"))
