"""Which addresses need keys."""

from pathlib import Path

import pytest

from api.errors import Refused
from api.http.auth.exposure import check_exposure
from api.http.auth.keys import KeyStore
from api.http.auth.scope import Scope
from api.http.options import ServerOptions


def test_nobody_listens_for_others_without_keys(tmp_path: Path) -> None:
    options = ServerOptions(tmp_path)
    check_exposure("127.0.0.1", options)
    check_exposure("::1", options)
    with pytest.raises(Refused, match="skulens key create"):
        check_exposure("0.0.0.0", options)
    KeyStore(options.keys).create([Scope.READ])
    check_exposure("192.0.2.1", options)
