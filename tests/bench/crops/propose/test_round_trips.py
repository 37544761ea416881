from bench.crops.propose.round_trips import TripTimes, measure_trips


def test_both_trips_are_their_parts_together() -> None:
    result = measure_trips(lambda: TripTimes(5, 10, 2, 30), 100, 4, warm=1)
    rows = {row[0]: row[1:] for row in result.table().rows}
    assert rows["both trips"] == ("42.0", "42.0")
    assert rows["first trip, in the service"] == ("5.0", "5.0")
    assert result.requests == 4
