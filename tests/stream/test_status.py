"""The status of a source, and who is notified of it."""

from stream.status import SourceState, SourceStatus, StatusReporter, to_sentence


def test_a_listener_hears_each_change_once() -> None:
    reporter, heard = StatusReporter(), list[SourceStatus]()
    reporter.listen(heard.append)
    reporter.report(SourceState.LIVE, "Fine.")
    reporter.report(SourceState.LIVE, "Fine.")
    reporter.report(SourceState.STALLED, "Quiet.")
    assert [status.state for status in heard] == [SourceState.LIVE, SourceState.STALLED]
    assert heard[0].since <= heard[1].since


def test_after_a_final_state_nothing_changes() -> None:
    reporter, heard = StatusReporter(), list[SourceStatus]()
    reporter.listen(heard.append)
    reporter.report(SourceState.FAILED, "Broken.")
    reporter.report(SourceState.LIVE, "Fine.")
    assert reporter.status.state is SourceState.FAILED
    assert len(heard) == 1


def test_counters_move_silently_and_stay_over_changes() -> None:
    reporter, heard = StatusReporter(), list[SourceStatus]()
    reporter.listen(heard.append)
    reporter.count(corrupt=3)
    reporter.count(reconnects=2)
    assert heard == []
    reporter.report(SourceState.LIVE, "Fine.")
    assert (heard[0].corrupt, heard[0].reconnects) == (3, 2)


def test_final_states_are_failed_and_ended() -> None:
    assert {state for state in SourceState if state.is_final} == {
        SourceState.FAILED,
        SourceState.ENDED,
    }


def test_a_clause_becomes_a_sentence() -> None:
    assert to_sentence("it ended") == "It ended."
    assert to_sentence("It ended.") == "It ended."
