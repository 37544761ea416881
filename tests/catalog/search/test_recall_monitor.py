import pytest

from catalog.search.recall_monitor import RecallMonitor


def test_hashing_that_misses_too_much_is_given_up() -> None:
    gauge = RecallMonitor()
    for _ in range(49):
        gauge.note(True)
    assert gauge.trusted
    for _ in range(4):
        gauge.note(False)
    assert gauge.trusted
    for _ in range(4):
        gauge.note(False)
    assert not gauge.trusted


def test_the_alarm_is_raised_once(caplog: pytest.LogCaptureFixture) -> None:
    gauge = RecallMonitor()
    for _ in range(120):
        gauge.note(False)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "50 of 50 checks" in caplog.text
