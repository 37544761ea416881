"""How often one may ask."""

from api.http.auth.rate_limit import MOST_BUCKETS, RateLimiter


def test_a_bucket_empties_and_fills_again() -> None:
    now = [0.0]
    rates = RateLimiter(2.0, 3.0, lambda: now[0])
    assert [rates.wait_s("me") for _ in range(4)] == [0, 0, 0, 0.5]
    assert rates.wait_s("you") == 0
    now[0] = 0.5
    assert rates.wait_s("me") == 0
    for number in range(MOST_BUCKETS + 5):
        rates.wait_s(str(number))
    assert len(rates._buckets) == MOST_BUCKETS
