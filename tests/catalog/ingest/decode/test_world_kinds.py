"""A file that is no picture that is read is refused by what it is."""

import pytest

from catalog.errors import PictureError
from catalog.ingest.image_file import read_image

FILES = {
    "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "HEIC of several": b"\0\0\0\x18ftypmsf1\0\0\0\0msf1hevc",
    "HEIC by its second brand": b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic",
    "JPEG XL": b"\xff\x0a\xfa\x7f",
    "JPEG XL in boxes": b"\0\0\0\x0cJXL \r\n\x87\n",
    "JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n",
    "camera's raw": b"II*\0\x10\0\0\0CR\x02\0",
    "TIFF of a kind": b"II*\0\x08\0\0\0",
    "Photoshop": b"8BPS\0\x01",
    "document": b"%PDF-1.7\n",
    "icon": b"\0\0\x01\0\x01\0\x10\x10",
    "archive": b"PK\x03\x04\x14\0",
    "film": b"\0\0\0\x20ftypisom\0\0\x02\0",
    "drawing": b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg">',
    "web page": b"\n<!DOCTYPE html><html><body>404",
    "Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:12",
    "zeros": bytes(5000),
    "JPEG that is damaged": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "AVIF that is damaged": b"\0\0\0\x18ftypavif\0\0\0\0",
    "PNG that is damaged": b"\x89PNG\r\n\x1a\n\0\0\0\x0d",
    "not a picture": b"a shopping list",
}


@pytest.mark.parametrize("kind", FILES)
def test_the_sentence_names_the_kind_and_the_way_out(kind: str) -> None:
    with pytest.raises(PictureError) as refused:
        read_image(FILES[kind], "front.jpg")
    sentence = str(refused.value)
    assert sentence.startswith("front.jpg ")
    assert (
        kind.removesuffix(" of several")
        .removesuffix(" in boxes")
        .removesuffix(" by its second brand")
        in sentence
    )
    assert any(word in sentence for word in ("save", "give", "unpack", "fetch", "download", "copy"))
    assert "\n" not in sentence
