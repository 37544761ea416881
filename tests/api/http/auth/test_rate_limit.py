"""How often one may ask."""

from api.http.auth.rate_limit import MOST_BUCKETS, RateLimiter


def test_a_bucket_empties_and_fills_again() -> None:
    now = [0.0]
    rates = RateLimiter(2.0, 3.0, lambda: now[0])
    waits = []
    for _ in range(4):
        waits.append(rates.wait_s("me"))
        rates.count("me")
    assert waits == [0, 0, 0, 0.5]
    assert rates.wait_s("you") == 0
    now[0] = 0.5
    assert rates.wait_s("me") == 0
    for number in range(MOST_BUCKETS + 5):
        rates.count(str(number))
    assert len(rates._buckets) == MOST_BUCKETS


def test_world_looking_at_a_bucket_takes_nothing_out_of_it() -> None:
    rates = RateLimiter(1.0, 1.0, lambda: 0.0)
    assert [rates.wait_s("me") for _ in range(5)] == [0] * 5
    assert not rates._buckets
