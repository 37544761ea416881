"""What a source says about itself."""

from stream.status import SourceState, SourceStatus, StatusBoard, as_sentence


def test_a_listener_hears_each_change_once() -> None:
    board, heard = StatusBoard(), list[SourceStatus]()
    board.listen(heard.append)
    board.show(SourceState.LIVE, "Fine.")
    board.show(SourceState.LIVE, "Fine.")
    board.show(SourceState.STALLED, "Quiet.")
    assert [status.state for status in heard] == [SourceState.LIVE, SourceState.STALLED]
    assert heard[0].since <= heard[1].since


def test_after_a_final_state_nothing_changes() -> None:
    board, heard = StatusBoard(), list[SourceStatus]()
    board.listen(heard.append)
    board.show(SourceState.FAILED, "Broken.")
    board.show(SourceState.LIVE, "Fine.")
    assert board.status.state is SourceState.FAILED
    assert len(heard) == 1


def test_counters_move_silently_and_stay_over_changes() -> None:
    board, heard = StatusBoard(), list[SourceStatus]()
    board.listen(heard.append)
    board.count(corrupt=3)
    board.count(reconnects=2)
    assert heard == []
    board.show(SourceState.LIVE, "Fine.")
    assert (heard[0].corrupt, heard[0].reconnects) == (3, 2)


def test_final_states_are_failed_and_ended() -> None:
    assert {state for state in SourceState if state.is_final} == {
        SourceState.FAILED,
        SourceState.ENDED,
    }


def test_a_clause_becomes_a_sentence() -> None:
    assert as_sentence("it ended") == "It ended."
    assert as_sentence("It ended.") == "It ended."
