"""Who asks, and what they may; decided at the gate, told to the engine in a header."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Depends, Request

from api.http.auth.scope import Scope
from api.http.problems import Problem

# Set by the gate alone; whatever a client sends under this name is thrown away there.
HEADER: Final = "x-skulens-principal"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks.

    Attributes:
        key_id: of the key; "local" on loopback without keys.
        scopes: what is allowed.
        catalogs: in which catalogs; empty for all.
    """

    key_id: str
    scopes: frozenset[Scope]
    catalogs: frozenset[str] = frozenset()

    def may(self, scope: Scope) -> bool:
        """Whether something is allowed."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def need(self, scope: Scope) -> None:
        """Refuse who lacks a scope.

        Raises:
            Problem: it is lacking.
        """
        if not self.may(scope):
            raise Problem(HTTPStatus.FORBIDDEN, f"this key lacks the scope {scope}")

    def sees(self, catalog: str) -> bool:
        """Whether a catalog is one of its own."""
        return not self.catalogs or catalog in self.catalogs

    def visible(self, names: Iterable[str]) -> list[str]:
        """Catalogs of its own."""
        return [name for name in names if self.sees(name)]

    def check(self, catalog: str) -> None:
        """Refuse another's catalog.

        Raises:
            Problem: it is none of its own.
        """
        if not self.sees(catalog):
            raise Problem(HTTPStatus.FORBIDDEN, f"this key is not for catalog {catalog}")

    def header(self) -> str:
        """As the header's value."""
        return json.dumps([self.key_id, sorted(self.scopes), sorted(self.catalogs)])


LOCAL: Final = Principal("local", frozenset({Scope.ADMIN}))


def principal_from(header: str) -> Principal:
    """The principal of `Principal.header`."""
    key_id, scopes, catalogs = json.loads(header)
    return Principal(key_id, frozenset(map(Scope, scopes)), frozenset(catalogs))


def require_scope(scope: Scope) -> Callable[[Request], Principal]:
    """A dependency that lets pass who has a scope, in the path's catalog if it names one."""

    def check(request: Request) -> Principal:
        header = request.headers.get(HEADER)
        if header is None:
            raise Problem(HTTPStatus.UNAUTHORIZED, "this needs an API key")
        principal = principal_from(header)
        principal.need(scope)
        catalog = request.path_params.get("catalog")
        if catalog is not None:
            principal.check(catalog)
        return principal

    return check


ReadAccess = Annotated[Principal, Depends(require_scope(Scope.READ))]
CatalogAccess = Annotated[Principal, Depends(require_scope(Scope.CATALOG))]
LiveAccess = Annotated[Principal, Depends(require_scope(Scope.LIVE))]
AdminAccess = Annotated[Principal, Depends(require_scope(Scope.ADMIN))]
