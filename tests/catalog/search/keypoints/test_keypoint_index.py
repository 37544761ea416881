import numpy as np
import pytest

from catalog.errors import Invalid
from catalog.search.keypoints.keypoint_index import KeypointIndex
from catalog.search.keypoints.votes import ImageVote
from catalog.search.vector_index import ImageReference
from tests.catalog.support.keypoints import Rows, described, seen_again, small_codebook


def reference(number: int, product: str | None = None) -> ImageReference:
    return ImageReference(product or f"p{number}", f"image-{number}")


def index_of(count: int, first: int = 0) -> KeypointIndex:
    numbers = range(first, first + count)
    return KeypointIndex.empty(small_codebook()).with_changes(
        (), [reference(number) for number in numbers], [described(number) for number in numbers]
    )


def grown(count: int, more: int) -> KeypointIndex:
    """Part of the images in the base, the others in the delta."""
    numbers = range(count, count + more)
    return index_of(count).with_changes(
        (), [reference(number) for number in numbers], [described(number) for number in numbers]
    )


def best(votes: tuple[ImageVote, ...]) -> str:
    return votes[0].product_id


def query(number: int) -> Rows:
    return seen_again(described(number))


def test_keypoints_find_their_image_in_a_large_catalog() -> None:
    for index in (index_of(200), grown(100, 100), grown(100, 100).merged()):
        for number in (0, 77, 199):
            votes = index.votes(query(number), 5)
            assert (votes[0].product_id, votes[0].image_id) == (f"p{number}", f"image-{number}")
            assert votes[0].votes > 3 * votes[1].votes
            assert [vote.votes for vote in votes] == sorted((v.votes for v in votes), reverse=True)


def test_a_handful_of_images_vote_as_well() -> None:
    assert best(index_of(2).votes(query(1), 5)) == "p1"


def test_an_empty_index_and_a_query_without_keypoints_find_nothing() -> None:
    assert KeypointIndex.empty(small_codebook()).votes(query(1), 5) == ()
    assert index_of(3).votes(described(1, 0), 5) == ()
    assert index_of(3).votes(query(1), 0) == ()


def test_an_image_without_keypoints_is_never_found() -> None:
    index = index_of(20).with_changes((), [reference(99)], [described(0, 0)])
    assert "p99" not in [vote.product_id for vote in index.votes(query(3), 50)]
    assert len(index.merged()) == 21


def test_removed_and_hidden_images_get_no_votes() -> None:
    index = grown(40, 20)
    without = index.with_changes({reference(7)}, (), ())
    for found in (without.votes(query(7), 60), index.votes(query(7), 60, {"image-7"})):
        assert "p7" not in [vote.product_id for vote in found]
    assert best(index.votes(query(7), 1)) == "p7"
    assert best(without.merged().votes(query(8), 3)) == "p8"


def test_an_index_that_is_merged_meanwhile_finds_what_came_since() -> None:
    before = grown(40, 20)
    newer = before.with_changes({reference(1)}, [reference(70)], [described(70)])
    rebased = before.merged().rebased(newer)
    assert best(rebased.votes(query(70), 1)) == "p70"
    assert "p1" not in [vote.product_id for vote in rebased.votes(query(1), 90)]
    assert sorted(map(str, rebased.references())) == sorted(map(str, newer.references()))


def test_only_a_grown_delta_is_worth_a_merge() -> None:
    assert not index_of(200).merged().needs_merge
    assert not grown(100, 200).needs_merge
    assert grown(100, 300).needs_merge


def test_two_thousand_references_of_one_product_neither_silence_nor_flood() -> None:
    index = index_of(40)
    photos = [reference(1000 + number, "popular") for number in range(2000)]
    looks = [seen_again(described(500, 12), 0.02, number) for number in range(2000)]
    index = index.with_changes((), photos, looks).merged()
    assert best(index.votes(query(5), 5)) == "p5"
    assert best(index.votes(seen_again(described(500, 12)), 5)) == "popular"
    both = np.concatenate((query(5), seen_again(described(500, 12))))
    assert {vote.product_id for vote in index.votes(both, 2)} == {"p5", "popular"}


def test_the_same_shelf_behind_every_product_decides_nothing() -> None:
    shelf = described(900, 60)
    numbers = range(50)
    index = KeypointIndex.empty(small_codebook()).with_changes(
        (),
        [reference(number) for number in numbers],
        [
            np.concatenate((described(number), seen_again(shelf, 0.03, number)))
            for number in numbers
        ],
    )
    photo = np.concatenate((seen_again(shelf), query(5)))
    votes = index.votes(photo, 5)
    assert best(votes) == "p5"
    assert votes[0].votes > 2 * votes[1].votes


def test_descriptors_of_another_front_end_are_refused() -> None:
    with pytest.raises(Invalid, match="front end"):
        index_of(2).votes(np.ones((3, 7), np.float32), 1)
    with pytest.raises(Invalid, match="finite"):
        index_of(2).votes(np.full((3, 64), np.nan, np.float32), 1)
