import stat
from pathlib import Path

import pytest

from api.errors import Refused
from api.http.auth.cookies import CookieSigner, read_secret
from api.http.auth.keys import KeyStore
from api.http.auth.principal import principal_from
from api.http.auth.rate_limit import MOST_BUCKETS, RateLimiter
from api.http.auth.scope import Scope
from api.http.process.tls import find_identity


def test_a_key_is_kept_as_a_hash_that_only_the_owner_may_read(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    text, key = KeyStore(path).create([Scope.READ], ["shop"], "till")
    assert text not in path.read_text()
    assert text.split("_", 2)[2] not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert KeyStore(path).list() == (key,)
    assert principal_from(key.principal.header()) == key.principal


def test_only_the_whole_key_is_the_key(tmp_path: Path) -> None:
    store = KeyStore(tmp_path / "keys.json")
    text, key = store.create([Scope.ADMIN])
    assert store.check(text) == key
    for wrong in (text[:-1], text + "x", text.upper(), f"sk_{key.key_id}_", "sk__", "", "é" * 300):
        assert store.check(wrong) is None


def test_a_key_made_by_another_process_is_good_at_once(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    service = KeyStore(path)
    assert not service.any()
    text, key = KeyStore(path).create([Scope.READ])
    assert service.check(text) == key


@pytest.mark.parametrize(("scopes", "catalogs"), [([], []), ([Scope.READ], ["../x"])])
def test_a_key_that_makes_no_sense_is_refused(
    tmp_path: Path, scopes: list[Scope], catalogs: list[str]
) -> None:
    with pytest.raises(Refused):
        KeyStore(tmp_path / "keys.json").create(scopes, catalogs)
    assert not (tmp_path / "keys.json").exists()


def test_a_damaged_file_of_keys_lets_nobody_in(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text("{")
    with pytest.raises(Refused, match="damaged"):
        KeyStore(path).list()


def test_a_ticket_is_its_keys_until_it_is_too_old() -> None:
    now = [1000.0]
    tickets = CookieSigner(b"secret", lambda: now[0])
    ticket = tickets.issue("abc")
    assert tickets.key_id(ticket.cookie) == "abc"
    assert tickets.is_csrf(ticket.cookie, ticket.csrf)
    assert not tickets.is_csrf(tickets.issue("abc").cookie, ticket.csrf)
    assert CookieSigner(b"other", lambda: now[0]).key_id(ticket.cookie) is None
    now[0] += 13 * 3600
    assert tickets.key_id(ticket.cookie) is None


def test_processes_that_begin_at_once_share_one_secret(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    assert read_secret(path) == read_secret(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


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


def test_a_certificate_of_our_own_is_kept_and_made_anew_for_other_names(tmp_path: Path) -> None:
    first = find_identity(tmp_path, "127.0.0.1", None, None, self_signed=True)
    assert first is not None
    made = first.certificate.read_bytes()
    find_identity(tmp_path, "127.0.0.1", None, None, self_signed=True)
    assert first.certificate.read_bytes() == made
    find_identity(tmp_path, "192.0.2.9", None, None, self_signed=True)
    assert first.certificate.read_bytes() != made
    assert stat.S_IMODE(first.key.stat().st_mode) == 0o600


def test_half_a_pair_of_certificate_and_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="go together"):
        find_identity(tmp_path, "127.0.0.1", tmp_path / "c.pem", None, self_signed=False)
    with pytest.raises(Refused, match="no file"):
        find_identity(tmp_path, "::1", tmp_path / "c.pem", tmp_path / "k.pem", self_signed=False)
    assert find_identity(tmp_path, "::1", None, None, self_signed=False) is None
