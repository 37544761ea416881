"""API keys."""

import stat
from pathlib import Path

import pytest

from api.errors import Refused
from api.http.auth.keys import KeyStore
from api.http.auth.principal import principal_from
from api.http.auth.scope import Scope


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
