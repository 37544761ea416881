"""Names that a route does not know, in a query or a form, are refused: they would be ignored."""

import difflib
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request

from api.http.problems import Problem
from api.http.requests.uploads import Upload, is_bare_picture, media_type, read_upload

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
            raise _unknown("query", "parameter", name, known)


async def read_known_upload(
    request: Request, upload: Annotated[Upload, Depends(read_upload)]
) -> Upload:
    """Read a body as `read_upload` does; every part of a form must be one that its route reads.

    Raises:
        Problem: it is not; the sentence says which, and the nearest that is known.
    """
    route = request.scope.get("route")
    if isinstance(route, APIRoute) and media_type(request) == "multipart/form-data":
        known = frozenset(_form_fields(route))
        for name in (*upload.fields, *upload.parts):
            if name not in known:
                raise _unknown("form", "field", name, known)
    return upload


def _unknown(where: str, kind: str, name: str, known: frozenset[str]) -> Problem:
    message = _sentence(where, kind, name, known)
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, message, "invalid")


def _sentence(where: str, kind: str, name: str, known: frozenset[str]) -> str:
    shown = name[:LONGEST] if name.isprintable() else ascii(name[:LONGEST])
    near = difflib.get_close_matches(name.lower(), sorted(known), n=1, cutoff=0.0)
    mended = f"the nearest is `{near[0]}`" if near else "this address takes none"
    return f"{where}.{shown}: there is no such {kind} here; {mended}"


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
