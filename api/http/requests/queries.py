"""Parameters of a query that a route does not know are refused: they would be passed over."""

import difflib
from http import HTTPStatus
from typing import Any, Final

from fastapi import Depends
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request

from api.http.problems import Problem
from api.http.requests.uploads import is_bare_picture

LONGEST: Final = 60  # letters of a name that are repeated in a refusal
# Any request may carry it, as every one of the clients is told, whether or not the route waits.
_EVERYWHERE: Final = frozenset({"min_version"})


def _refuse_unknown(request: Request) -> None:
    """Refuse a request whose query has a name that its route does not read.

    Raises:
        Problem: it has; the sentence says which, and the nearest that is known.
    """
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return
    known = _known(route, bare=is_bare_picture(request))
    for name in request.query_params:
        if name not in known | _EVERYWHERE:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, _sentence(name, known), "invalid")


def _sentence(name: str, known: frozenset[str]) -> str:
    shown = name[:LONGEST] if name.isprintable() else ascii(name[:LONGEST])
    near = difflib.get_close_matches(name.lower(), sorted(known), n=1, cutoff=0.0)
    mended = f"the nearest is `{near[0]}`" if near else "this address takes none"
    return f"query.{shown}: there is no such parameter here; {mended}"


def _known(route: APIRoute, *, bare: bool) -> frozenset[str]:
    """Names that a route declares; beside a bare picture, what else a form would have, too."""
    declared = _declared(route.dependant)
    return frozenset(declared | _form_fields(route)) if bare else frozenset(declared)


def _declared(dependant: Dependant) -> set[str]:
    """Names of a query that a route, or what it depends on, reads."""
    own = {field.alias for field in dependant.query_params}
    return own.union(*(_declared(inner) for inner in dependant.dependencies))


def _form_fields(route: APIRoute) -> set[str]:
    body: dict[str, Any] = (route.openapi_extra or {}).get("requestBody", {})
    form: dict[str, Any] = body.get("content", {}).get("multipart/form-data", {})
    return set(form.get("schema", {}).get("properties", {}))


REFUSE_UNKNOWN_QUERY: Final = Depends(_refuse_unknown)
