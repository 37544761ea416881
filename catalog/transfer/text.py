"""Text files of Windows, Excel and macOS: which characters their bytes are."""

import codecs
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from catalog.errors import Invalid
from catalog.records.validation import one_line

# A manifest of a million products; what is larger is no table of a person.
LARGEST_TEXT: Final = 500_000_000  # bytes
_MARKS: Final = (
    # The marks of UTF-32 begin with those of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WESTERN: Final = "cp1252"
# Characters that Western European texts have in Windows-1252. Others of that page appear where the
# bytes are of another one: of Polish, Greek, Cyrillic, or of an old Mac.
_LETTERS: Final = r"\xc0-\xd6\xd8-\xf6\xf8-\xff"
_SIGNS: Final = (
    r"\u20ac\u2018-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u2013\u2014\u2122"
    r"\xa0-\xa3\xa5\xa7\xa9-\xab\xae\xb0-\xb5\xb7\xb9-\xbf\xd7\xf7"
)
# As in Bœuf, œuf, cœur, nœud, sœur; elsewhere it is another page's.
_LIGATURE: Final = re.compile(r"œ(?=[uUi])|Œ(?=[uU])")
_KNOWN: Final = re.compile(rf"[\x00-\x7f{_LETTERS}{_SIGNS}]*")
# No Western word has three such letters in a row, and none a sign between two letters.
_TOO_MANY: Final = re.compile(
    rf"[{_LETTERS}]{{3}}|[A-Za-z{_LETTERS}][\xa1-\xa5\xa7\xb3\xb9\xbc-\xbf][a-z{_LETTERS}]"
)
# Of the characters at the beginning, which are headings: those of Latin letters and signs.
_ZEROS_SHARE: Final = 0.6
_QUOTED: Final = 30  # characters of a text that is shown to be looked at


@dataclass(frozen=True, slots=True)
class DecodedText:
    """A text file's text.

    Attributes:
        text: without a mark at its beginning.
        note: a sentence where its characters are a guess; else empty.
    """

    text: str
    note: str = ""


def read_text(path: Path) -> DecodedText:
    """Read a text file in UTF-8, UTF-16, UTF-32 or Windows-1252, with or without a mark.

    Raises:
        Invalid: it is too large, or of another kind.
        OSError: it cannot be read.
    """
    if path.stat().st_size > LARGEST_TEXT:
        raise Invalid(f"{path} has over {LARGEST_TEXT:,} bytes; split it")
    data = path.read_bytes()
    try:
        return _decoded(data, path)
    except UnicodeDecodeError as error:
        raise Invalid(
            f"{path} is neither UTF-8 nor UTF-16 text, and its letters are not of Windows-1252 "
            f"either (byte {error.start:,}); save it as UTF-8, in Excel as 'CSV UTF-8' or .xlsx"
        ) from error


def _decoded(data: bytes, path: Path) -> DecodedText:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return DecodedText(data[len(mark) :].decode(encoding))
    unmarked = _without_mark(data)
    if unmarked:
        return DecodedText(data.decode(unmarked))
    try:
        return DecodedText(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        text = _western(data, error)
    place = next(at for at, character in enumerate(text) if ord(character) > 127)
    start = max(text.rfind("\n", 0, place) + 1, place - _QUOTED // 2)
    example = one_line(text[start : start + _QUOTED].split("\n")[0].strip())
    return DecodedText(
        text,
        f"{path.name} is no UTF-8 and was read as Windows-1252 ({example!r}); if that is wrong, "
        "save it as UTF-8",
    )


def _without_mark(data: bytes) -> str:
    """Return which UTF-16 a text is that begins with headings and no mark; empty if none."""
    start = data[:200]
    if len(data) % 2 == 0:
        first, second = (start[offset::2].count(0) for offset in (0, 1))
        least = _ZEROS_SHARE * len(start) / 2
        if second >= least > first == 0:
            return "utf-16-le"
        if first >= least > second == 0:
            return "utf-16-be"
    return ""


def _western(data: bytes, error: UnicodeDecodeError) -> str:
    text = data.decode(_WESTERN)  # five bytes are no characters there
    rest = _LIGATURE.sub("", text)
    if not _KNOWN.fullmatch(rest) or _TOO_MANY.search(rest):
        raise error
    return text
