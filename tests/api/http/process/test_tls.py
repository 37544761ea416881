"""Certificates."""

import stat
from pathlib import Path

import pytest

from api.errors import Refused
from api.http.process.tls import find_identity


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
