"""Kinds of files that are not read, for the sentence that refuses them."""

import re
from typing import Final

_READ: Final = "JPEG, PNG, WebP, AVIF, GIF, BMP, TIFF"
_LOOKED_AT_BYTES: Final = 4096
_SAVE: Final = f"save it as one of {_READ}"

# By the first bytes; the first that fits counts.
_KINDS: Final = tuple(
    (re.compile(pattern, re.DOTALL | re.IGNORECASE), sentence)
    for pattern, sentence in (
        (
            rb"....ftyp(hei[cmsx]|hev[cmx]|mif1|msf1)",
            "is an HEIC picture, which is not read; save it as JPEG (iPhone: Settings, Camera, "
            "Formats, Most Compatible)",
        ),
        (
            rb"....ftypcrx |II\*\0....CR|FUJIFILMCCD-RAW|IIRO|IIU\0",
            f"is a camera's raw file; {_SAVE}",
        ),
        (
            rb"....jP  \r\n\x87\n|\xff\x4f\xff\x51",
            f"is a JPEG 2000 picture, which is not read; {_SAVE}",
        ),
        (rb"\xff\x0a|....JXL \r\n\x87\n", f"is a JPEG XL picture, which is not read; {_SAVE}"),
        (
            rb"\xff\xd8\xff",
            "is a JPEG that is damaged from its start, or of a rare kind; save it again",
        ),
        (
            rb"\x89PNG|\r\n\x1a\n.{0,4}IHDR",
            "is a PNG that is damaged from its start; save it again",
        ),
        (
            rb"II\*\0|MM\0\*|II\+\0|MM\0\+",
            "is a TIFF of a kind that is not read; save it as PNG or JPEG",
        ),
        (rb"....ftypavi[fs]", "is an AVIF that is damaged or of a rare kind; save it again"),
        (rb"8BPS", f"is a Photoshop file; {_SAVE}"),
        (rb"%PDF|%!PS", f"is a document; {_SAVE}"),
        (rb"v\x2f\x31\x01|#\?RADIANCE", f"is a picture of high dynamic range; {_SAVE}"),
        (rb"\0\0[\x01\x02]\0.\0", f"is an icon; {_SAVE}"),
        (rb"PK\x03\x04|Rar!|7z\xbc\xaf|\x1f\x8b", "is an archive; unpack it"),
        (rb"....(ftyp|moov|mdat)|RIFF....AVI |\x1a\x45\xdf\xa3", "is a film; give a picture of it"),
        (rb"version https://git-lfs", "is a pointer of Git LFS; fetch the file itself"),
        (
            rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?(<!doctype svg[^>]*>\s*)?<svg",
            f"is a drawing (SVG); {_SAVE}",
        ),
        (
            rb"(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body)",
            "is a web page, no picture; download the picture itself",
        ),
    )
)


def foreign_kind(data: bytes) -> str:
    """Return what a file is and what to do, to be put behind its name."""
    start = data[:_LOOKED_AT_BYTES]
    for pattern, sentence in _KINDS:
        if pattern.match(start):
            return sentence
    if not start.strip(b"\0"):
        return "holds nothing but zeros; copy it again"
    return f"is not a picture that can be read; give one of {_READ}"
