"""Lines that strangers can cause are written rarely."""

import logging

from api.http.telemetry.logs import OncePerMinute


def test_world_what_anybody_can_cause_is_written_once_a_minute_and_counted() -> None:
    now = [0.0]
    rarely = OncePerMinute(["Invalid"], lambda: now[0])

    def written(text: str) -> str | None:
        record = logging.LogRecord("uvicorn.error", logging.WARNING, "", 0, text, (), None)
        return record.getMessage() if rarely.filter(record) else None

    assert [written("Invalid HTTP") for _ in range(3)] == ["Invalid HTTP", None, None]
    assert [written("ready"), written("ready")] == ["ready", "ready"]
    now[0] = 61.0
    assert written("Invalid HTTP") == "Invalid HTTP (2 more since the last line)"
    now[0] = 122.0
    assert written("Invalid HTTP") == "Invalid HTTP"
