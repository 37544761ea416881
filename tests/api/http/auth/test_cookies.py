"""Cookies of the page."""

import stat
from pathlib import Path

import pytest

from api.http.auth.cookies import CookieSigner, read_secret


def test_a_cookie_is_its_keys_until_it_is_too_old() -> None:
    now = [1000.0]
    tickets = CookieSigner(b"secret", lambda: now[0])
    ticket = tickets.issue("abc")
    session = tickets.session(ticket.cookie)
    assert session is not None
    assert session.key_id == "abc"
    assert tickets.is_csrf(ticket.cookie, ticket.csrf)
    assert not tickets.is_csrf(tickets.issue("abc").cookie, ticket.csrf)
    assert CookieSigner(b"other", lambda: now[0]).session(ticket.cookie) is None
    now[0] += 13 * 3600
    assert tickets.session(ticket.cookie) is None


@pytest.mark.parametrize("jump_s", [3600, -3600], ids=["ahead", "back"])
def test_world_a_clock_that_is_set_by_an_hour_logs_nobody_out(jump_s: float) -> None:
    now = [1e9]
    tickets = CookieSigner(b"secret", lambda: now[0])
    ticket = tickets.issue("abc")
    now[0] += jump_s
    assert tickets.session(ticket.cookie) is not None
    now[0] += 13 * 3600
    assert tickets.session(ticket.cookie) is None


def test_processes_that_begin_at_once_share_one_secret(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    assert read_secret(path) == read_secret(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
