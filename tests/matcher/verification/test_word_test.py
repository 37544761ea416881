from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from catalog.encodings.printed import PrintedWord
from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from matcher.networks.openvino_runtime import OpenVinoRuntime
from matcher.networks.weights import read_manifest
from matcher.retrieval.reference import Reference
from matcher.retrieval.untrained import ColourEmbedder
from matcher.verification.comparator import PlainComparator
from matcher.verification.twin_test import TwinTest
from matcher.verification.verifier import Contest, Query, Verifier
from matcher.verification.word_test import WordTest
from matcher.words.comparison import WordOutcome
from matcher.words.word_reader import NetworkWordReader
from tests.matcher.prints import WEIGHTS, held_up, photographed, printed, reference_of, root_sift

HELD = np.array([[180, 20], [470, 30], [460, 450], [170, 440]], np.float32)


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


def test_world_a_picture_without_words_changes_nothing() -> None:
    query, contest = contest_of(reference("apple", word("APPLE", 150, 200)))
    read = WordTest(FixedReader()).read(query, contest)
    assert [item.words for item in read.hypotheses] == [0.0]


def test_world_references_without_words_are_not_worth_a_reading() -> None:
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


def test_world_a_rival_without_words_gets_nothing_and_is_no_error() -> None:
    query, contest = contest_of(reference("plain"), reference("apple", word("APPLE", 150, 200)))
    read = WordTest(FixedReader(word("APPLE", 152, 203))).read(query, contest)
    words = {item.reference.product_id: item.words for item in read.hypotheses}
    assert words["plain"] == 0.0 < words["apple"]
    assert read.is_read


def labelled(seed: int, *texts: str) -> NDArray[np.uint8]:
    """A print of 480 by 640 pixels with words on a white label."""
    picture = cv2.resize(printed(seed), (480, 640), interpolation=cv2.INTER_CUBIC)
    picture[220 : 240 + 70 * len(texts), 60:440] = 255
    for row, text in enumerate(texts):
        place = (80, 280 + 70 * row)
        cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 1.6, (30, 20, 90), 4)
    return np.asarray(picture, np.uint8)


@pytest.fixture(scope="module")
def shipped(openvino: OpenVinoRuntime) -> NetworkWordReader:
    manifest = read_manifest(WEIGHTS)
    lines, letters = (
        openvino.load(manifest.weights(name))
        for name in ("words-ppocr-lines", "words-ppocr-reader")
    )
    return NetworkWordReader(lines, letters)


def seen(reader: NetworkWordReader, known: NDArray[np.uint8], photo: NDArray[np.uint8]) -> Contest:
    """The contest of a photo of a product whose words the shipped reader enrolled, read."""
    plain = reference_of(known, "mint")
    stored = cv2.imdecode(plain.crop.jpeg, cv2.IMREAD_COLOR_RGB)
    assert stored is not None
    canonical = cv2.resize(stored, (plain.crop.width, plain.crop.height))
    enrolled = replace(plain, words=reader.read(np.asarray(canonical, np.uint8)))
    query = Query(photo, root_sift().extract(photo, 1200))
    verifier = Verifier(NearestNeighbourMatcher(), TwinTest(), ColourEmbedder(), PlainComparator())
    return WordTest(reader).read(query, verifier.verify(query, [enrolled])[0])


@pytest.mark.weights
@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_world_a_product_that_is_held_upside_down_or_lies_is_read_as_it_was_enrolled(
    shipped: NetworkWordReader, turn: int
) -> None:
    known = labelled(1, "MARMALADE", "HONEY")
    photo = np.ascontiguousarray(np.rot90(photographed(known, HELD), turn))
    (mint,) = seen(shipped, known, photo).hypotheses
    agreeing = {item.expected for item in mint.readings if item.outcome is WordOutcome.AGREES}
    assert {"MARMALADE", "HONEY"} <= agreeing
    assert mint.words > 0


@pytest.mark.weights
def test_world_a_reference_that_is_enrolled_upside_down_is_read_so(
    shipped: NetworkWordReader,
) -> None:
    known = np.ascontiguousarray(np.rot90(labelled(1, "MARMALADE", "HONEY"), 2))
    (mint,) = seen(shipped, known, photographed(known, HELD)).hypotheses
    agreeing = {item.expected for item in mint.readings if item.outcome is WordOutcome.AGREES}
    assert {"MARMALADE", "HONEY"} <= agreeing


@pytest.mark.weights
def test_world_a_mirrored_reference_and_its_photo_contradict_nothing(
    shipped: NetworkWordReader,
) -> None:
    known = np.ascontiguousarray(labelled(1, "MARMALADE", "HONEY")[:, ::-1])
    (mint,) = seen(shipped, known, photographed(known, HELD)).hypotheses
    assert WordOutcome.CONTRADICTS not in {item.outcome for item in mint.readings}


@pytest.mark.weights
def test_world_where_a_query_is_of_one_colour_nothing_is_read(shipped: NetworkWordReader) -> None:
    query, contest = contest_of(reference("apple", word("APPLE", 150, 200)))
    grey = replace(query, image=np.full_like(query.image, 128))
    (apple,) = WordTest(shipped).read(grey, contest).hypotheses
    assert [item.outcome for item in apple.readings] == [WordOutcome.UNREAD]
    assert apple.words == 0.0
