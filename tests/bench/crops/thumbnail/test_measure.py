from bench.crops.thumbnail.measure import time_batch


def test_every_picture_of_a_batch_is_worked_on_once() -> None:
    seen: list[int] = []
    assert time_batch(seen.append, 7) > 0
    assert sorted(seen) == list(range(7))
