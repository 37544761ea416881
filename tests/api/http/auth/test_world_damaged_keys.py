"""A file of keys that was damaged while the service runs lets nobody in, and says so."""

import json
from pathlib import Path
from typing import Any

import pytest

from api.http.auth.keys import KeyStore
from api.http.auth.scope import Scope
from tests.api.http.fuzzing.test_world_edges import faults_logged
from tests.api.http.serving import serving

KEY: dict[str, Any] = {
    "key_id": "0123456789ab", "sha256": "0" * 64, "scopes": ["read"], "catalogs": [], "name": "",
    "created_at": 1.0,
}  # fmt: skip
DAMAGED = (
    "", "{", "null", "[]", "7", '"x"', "{}", '{"format": 1}', '{"format": 1, "keys": null}',
    '{"format": 1, "keys": [null]}', '{"format": 1, "keys": [{}]}', '{"format": 2, "keys": []}',
    "\ufeff", "\0\0\0\0", "[" * 100_000,
    *(
        json.dumps({"format": 1, "keys": [{**KEY, name: value}]})
        for name, value in (
            ("sha256", None), ("sha256", "short"), ("sha256", 7), ("scopes", ["root"]),
            ("scopes", None), ("catalogs", [1]), ("catalogs", 5), ("key_id", []), ("name", {}),
            ("unknown", 1),
        )
    ),
)  # fmt: skip


@pytest.mark.parametrize("exposed", [True, False])
def test_world_a_damaged_file_of_keys_is_503_and_mended_without_a_restart(
    tmp_path: Path, exposed: bool
) -> None:
    with serving(tmp_path, exposed=exposed, per_second=1e6) as running, faults_logged() as faults:
        text, _ = KeyStore(running.options.keys).create([Scope.ADMIN])
        header = {"Authorization": f"Bearer {text}"}
        whole = running.options.keys.read_bytes()
        for content in DAMAGED:
            replacement = running.options.keys.with_suffix(".new")
            replacement.write_text(content, encoding="utf-8")
            replacement.replace(running.options.keys)
            unknown = {"Authorization": "Bearer sk_000000000000_x"}
            answers = [running.client.get("/v1/me", headers=used) for used in (header, unknown)]
            answers.append(running.client.post("/login", json={"key": "sk_000000000001_x"}))
            assert 503 in [answer.status_code for answer in answers], content[:80]
            assert {answer.status_code for answer in answers} <= {200, 503}, content[:80]
            assert "restore it" in answers[1].text or "newer skulens" in answers[1].text
        running.options.keys.write_bytes(whole)
        assert running.client.get("/v1/me", headers=header).status_code == 200
    assert faults == []
