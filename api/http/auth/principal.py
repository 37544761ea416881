"""The author of a request and their rights; found at the edge, sent to the engine in a header."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Depends, Request

from api.http.auth.scope import Scope
from api.http.problems import Problem

# Set by the gateway alone; whatever a client sends under this name is thrown away there.
HEADER: Final = "x-skulens-principal"


@dataclass(frozen=True, slots=True)
class Principal:
    """The author of a request.

    Attributes:
        key_id: of the key; "local" on loopback without keys.
        scopes: of requests that are allowed.
        catalogs: in which catalogs; empty for all.
    """

    key_id: str
    scopes: frozenset[Scope]
    catalogs: frozenset[str] = frozenset()

    def may(self, scope: Scope) -> bool:
        """Whether a scope is allowed."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def need(self, scope: Scope) -> None:
        """Check that a scope is allowed.

        Raises:
            Problem: it is not.
        """
        if not self.may(scope):
            raise Problem(HTTPStatus.FORBIDDEN, f"this key lacks the scope {scope}")

    def sees(self, catalog: str) -> bool:
        """Whether a catalog may be seen."""
        return not self.catalogs or catalog in self.catalogs

    def visible(self, names: Iterable[str]) -> list[str]:
        """Return those of some catalogs that may be seen."""
        return [name for name in names if self.sees(name)]

    def check(self, catalog: str) -> None:
        """Check that a catalog may be seen.

        Raises:
            Problem: it may not.
        """
        if not self.sees(catalog):
            raise Problem(HTTPStatus.FORBIDDEN, f"this key is not for catalog {catalog}")

    def header(self) -> str:
        """Return the value of `HEADER`."""
        return json.dumps([self.key_id, sorted(self.scopes), sorted(self.catalogs)])


LOCAL: Final = Principal("local", frozenset({Scope.ADMIN}))


def principal_from(header: str) -> Principal:
    """Read what `Principal.header` wrote."""
    key_id, scopes, catalogs = json.loads(header)
    return Principal(key_id, frozenset(map(Scope, scopes)), frozenset(catalogs))


def require_scope(scope: Scope) -> Callable[[Request], Principal]:
    """Return a dependency that demands a scope, and access to the catalog that the path names."""

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
