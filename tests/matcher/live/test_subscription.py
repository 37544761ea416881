from stream.status import SourceState
from tests.matcher.live.harness import ManagerHarness


def test_a_slow_reader_loses_the_oldest_events_and_learns_how_many(
    harness: ManagerHarness,
) -> None:
    subscription = harness.manager.subscribe(most_events=2)
    harness.open().play(1.2)
    harness.manager.stop(harness.session_id)
    batch = subscription.take(0)
    assert batch is not None
    assert [str(event.event) for event in batch.events] == ["confirmed", "left"]
    assert batch.missed == 1
    assert [status.state for status in batch.changed] == [SourceState.ENDED]
    assert subscription.take(0) is None
    subscription.close()
    assert subscription.is_closed


def test_a_reader_without_news_waits_no_longer_than_it_wants(harness: ManagerHarness) -> None:
    subscription = harness.manager.subscribe()
    assert subscription.take(0.01) is None
    assert not subscription.is_closed


def test_of_frames_only_the_newest_is_kept(harness: ManagerHarness) -> None:
    subscription = harness.manager.subscribe()
    harness.open().play(0.4)
    batch = subscription.take(0)
    assert batch is not None
    assert [result.frame.index for result in batch.newest] == [9]
