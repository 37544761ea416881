import numpy as np
from numpy.typing import NDArray

from catalog.search.keypoints.votes import NearKeypoints, count_votes


def near(cosines: list[list[float]], images: list[list[int]]) -> NearKeypoints:
    return NearKeypoints(np.array(cosines, np.float32), np.array(images, np.int64))


def own_products(count: int) -> NDArray[np.int64]:
    """Every image is a product of its own."""
    return np.arange(count)


def test_a_vote_is_the_lead_over_the_ninth_product() -> None:
    cosines = [0.9, *np.linspace(0.5, 0.3, 11).tolist()]
    votes = count_votes(near([cosines], [list(range(12))]), own_products(12))
    assert votes[0] == np.float32(0.9) - np.float32(cosines[8])
    assert (votes[8:] == 0).all()


def test_an_image_counts_once_for_each_voter() -> None:
    images = [[0, 0, 0, *range(1, 10)]] * 2
    cosines = [[0.9, 0.8, 0.7, *np.linspace(0.5, 0.3, 9).tolist()]] * 2
    votes = count_votes(near(cosines, images), own_products(10))
    assert abs(votes[0] - 2 * (0.9 - cosines[0][10])) < 1e-5


def test_many_pictures_of_one_product_are_one_neighbour() -> None:
    products = np.array([0] * 20 + list(range(1, 12)))
    cosines = [[0.9] * 20 + np.linspace(0.5, 0.4, 11).tolist()]
    votes = count_votes(near(cosines, [list(range(31))]), products)
    assert (votes[:20] > 0.4).all()
    assert votes[20:].max() < 0.1


def test_a_voter_that_sees_one_product_only_counts_as_usual() -> None:
    products = np.array([0] * 12 + list(range(1, 13)))
    alone = ([0.9] * 12, list(range(12)))
    usual = (np.linspace(0.8, 0.5, 12).tolist(), list(range(12, 24)))
    votes = count_votes(near([alone[0], usual[0]], [alone[1], usual[1]]), products)
    assert 0.3 < votes[0] < 0.4


def test_the_same_shelf_in_everybodys_picture_gets_no_votes() -> None:
    votes = count_votes(near([[0.95] * 32] * 5, [list(range(32))] * 5), own_products(32))
    assert votes.sum() == 0


def test_without_neighbours_nobody_gets_votes() -> None:
    assert count_votes(NearKeypoints.nothing(3), own_products(2)).tolist() == [0, 0]
    assert count_votes(near([[-2, -2]], [[-1, -1]]), own_products(2)).tolist() == [0, 0]


def test_two_lists_of_neighbours_are_joined_nearest_first() -> None:
    first = near([[0.9, 0.1, -2]], [[0, 1, -1]])
    joined = first.joined(near([[0.5]], [[0]]).shifted(2))
    assert joined.images.tolist() == [[0, 2, 1, -1]]
    kept = joined.without(np.array([True, False, False]))
    assert kept.images.tolist() == [[2, 1, -1, -1]]
