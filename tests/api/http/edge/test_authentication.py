"""The engine hears who asks."""

from pathlib import Path

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.auth.authenticator import Authenticator
from api.http.auth.cookies import CookieSigner
from api.http.auth.ended_sessions import EndedSessions
from api.http.auth.keys import KeyStore
from api.http.auth.principal import HEADER, principal_from
from api.http.edge.authentication import Authentication
from api.http.problems import Problem
from tests.api.http.edge.asgi import answering, drive, http_scope


def guarded(folder: Path, app: ASGIApp) -> ASGIApp:
    signer, ended = CookieSigner(b"secret"), EndedSessions(folder / "sessions.db")
    authenticator = Authenticator(KeyStore(folder / "keys"), signer, ended, exposed=False)
    return Authentication(app, authenticator)


def test_the_engine_hears_who_asks_and_not_what_the_client_says(tmp_path: Path) -> None:
    scopes: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)
        await answering()(scope, receive, send)

    scope = http_scope("/v1/catalogs", host="localhost", x_skulens_principal='["me",["admin"],[]]')
    drive(guarded(tmp_path, app), scope)
    principals = [text for name, text in scopes[0]["headers"] if name == HEADER.encode()]
    assert [principal_from(text.decode()).key_id for text in principals] == ["local"]
    assert scope["key_id"] == "local"


def test_a_stranger_is_refused_and_readiness_is_anybodys(tmp_path: Path) -> None:
    with pytest.raises(Problem) as refused:
        drive(guarded(tmp_path, answering()), http_scope("/v1/catalogs", host="evil.example"))
    assert refused.value.status == 401
    assert (
        drive(guarded(tmp_path, answering()), http_scope("/readyz", host="x"))[0]["status"] == 200
    )
