from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from catalog.encodings.printed import PrintedWord
from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from matcher.retrieval.reference import Reference
from matcher.retrieval.untrained import ColourEmbedder
from matcher.verification.comparator import PlainComparator
from matcher.verification.twin_test import TwinTest
from matcher.verification.verifier import Contest, Query, Verifier
from matcher.verification.word_test import WordTest
from matcher.words.comparison import WordOutcome
from tests.matcher.prints import held_up, printed, reference_of, root_sift


class FixedReader:
    """Reads the same words in every picture; remembers what it was shown."""

    part_id = "fixed"

    def __init__(self, *words: PrintedWord) -> None:
        self.words = words
        self.shapes: list[tuple[int, ...]] = []
        self.turns: list[int | None] = []

    def read(
        self, image: NDArray[np.uint8], turn: int | None = None, most: int | None = None
    ) -> tuple[PrintedWord, ...]:
        self.shapes.append(image.shape)
        self.turns.append(turn)
        return self.words[:most]


def word(text: str, left: float, top: float) -> PrintedWord:
    corners = [[left, top], [left + 90, top], [left + 90, top + 24], [left, top + 24]]
    return PrintedWord(text, 0.97, np.array(corners, np.float32))


def contest_of(*references: Reference) -> tuple[Query, Contest]:
    picture = held_up(printed(1))
    query = Query(picture, root_sift().extract(picture, 1200))
    verifier = Verifier(NearestNeighbourMatcher(), TwinTest(), ColourEmbedder(), PlainComparator())
    return query, verifier.verify(query, references)[0]


def reference(product_id: str, *words: PrintedWord) -> Reference:
    return replace(reference_of(printed(1), product_id), words=words)


def test_the_picture_is_read_once_as_the_reference_lies_and_every_hypothesis_weighed() -> None:
    own = reference("apple", word("APPLE", 150, 200), word("JUICE", 150, 240))
    twin = reference("orange", word("ORANGE", 150, 200), word("JUICE", 150, 240))
    query, contest = contest_of(own, twin)
    reader = FixedReader(word("APPLE", 152, 203), word("JUICE", 149, 238))
    read = WordTest(reader).read(query, contest)
    assert len(reader.shapes) == 1
    crop = contest.hypotheses[0].reference.crop
    assert reader.shapes[0] == (crop.height, crop.width, 3)
    assert reader.turns == [0]
    words = {item.reference.product_id: item.words for item in read.hypotheses}
    assert words["apple"] > 0 > words["orange"]
    (strange,) = (
        reading
        for item in read.hypotheses
        for reading in item.readings
        if reading.outcome is WordOutcome.CONTRADICTS
    )
    assert (strange.expected, strange.read) == ("ORANGE", "APPLE")


def test_a_picture_without_words_changes_nothing() -> None:
    query, contest = contest_of(reference("apple", word("APPLE", 150, 200)))
    read = WordTest(FixedReader()).read(query, contest)
    assert [item.words for item in read.hypotheses] == [0.0]


def test_references_without_words_are_not_worth_a_reading() -> None:
    _, plain = contest_of(reference("apple"))
    _, worded = contest_of(reference("apple", word("APPLE", 150, 200)))
    words = WordTest(FixedReader())
    assert not words.can_tell(plain)
    assert words.can_tell(worded)


def test_a_word_that_the_shortlist_shares_says_less_than_one_of_the_product_alone() -> None:
    own = reference("apple", word("BRAVO", 150, 200), word("APPLE", 150, 240))
    flavours = [
        reference(flavour, word("BRAVO", 150, 200), word(flavour, 150, 240))
        for flavour in ("ORANGE", "GUAVA", "MANDARIN")
    ]
    query, contest = contest_of(own)
    reader = FixedReader(word("BRAVO", 152, 203), word("APPLE", 149, 238))
    (alone,) = WordTest(reader).read(query, contest).hypotheses
    (among,) = WordTest(reader).read(query, contest, [own, *flavours]).hypotheses
    brand, flavour = (item.share for item in among.readings)
    assert brand > alone.readings[0].share == alone.readings[1].share > flavour
    reader.words = reader.words[:1]
    (brand_alone,) = WordTest(reader).read(query, contest).hypotheses
    (brand_among,) = WordTest(reader).read(query, contest, [own, *flavours]).hypotheses
    assert brand_among.words < brand_alone.words
