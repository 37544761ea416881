"""Ids of the parts of an encoding: which can be folders, and which folders those are."""

from dataclasses import replace

import pytest

from catalog.encodings.encoding import NO_PARTS, PartIds
from catalog.errors import Invalid

PARTS = PartIds("crop-1", "embedding.2", "local_3")


def test_every_part_has_a_folder_named_by_its_id() -> None:
    PARTS.check()
    assert PARTS.folders == ("crop/crop-1", "embedding/embedding.2", "local/local_3")


@pytest.mark.parametrize("part", ["crop", "embedding", "local"])
@pytest.mark.parametrize("text", ["", "a/b", "..", "x" * 129])
def test_an_id_that_cannot_be_a_folder_is_refused_in_every_part(part: str, text: str) -> None:
    with pytest.raises(Invalid, match="cannot be a part id"):
        replace(PARTS, **{part: text}).check()


def test_no_parts_are_not_the_ids_of_an_encoding() -> None:
    with pytest.raises(Invalid):
        NO_PARTS.check()
