"""Pictures of a session: snapshot, evidence, playback."""

import asyncio
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from api.http.auth.principal import ReadAccess
from api.http.engine import EngineDep
from api.http.problems import Problem, refusals_of
from api.http.requests.uploads import read_body
from api.http.routes.sessions import LARGEST_OFFER, SDP, respond
from stream.webrtc.preview import Preview

router = APIRouter(tags=["live"])

FIRST_PICTURE_S: Final = 2.0  # for a frame to be drawn, where nobody has looked yet
_JPEG: Final[dict[int | str, Any]] = {200: {"content": {"image/jpeg": {}}}}


@router.get(
    "/sessions/{session_id}/snapshot.jpg",
    summary="The newest picture, annotated",
    response_class=Response,
    responses={**refusals_of(404), **_JPEG},
)
async def snapshot(engine: EngineDep, principal: ReadAccess, session_id: str) -> Response:
    """A JPEG; 404 before the first frame."""
    live = engine.live
    principal.check(live.catalog_of(session_id))
    preview: Preview = live.preview(session_id)
    if preview.number == 0:
        # Nobody looked before: the next frame is drawn.
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_PICTURE_S):
                while preview.number == 0:
                    await live.notifier.wait(FIRST_PICTURE_S)
    jpeg = await engine.executor.run(preview.snapshot)
    if jpeg is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"session {session_id} has no picture yet")
    return Response(jpeg, media_type="image/jpeg")


@router.get(
    "/sessions/{session_id}/appearances/{appearance_id}/evidence.jpg",
    summary="What was seen when a product got its name",
    response_class=Response,
    responses={**refusals_of(404), **_JPEG},
)
def evidence(
    engine: EngineDep, principal: ReadAccess, session_id: str, appearance_id: str
) -> Response:
    """The part of the frame that shows the product."""
    live = engine.live
    principal.check(live.catalog_of(session_id))
    known = appearance_id.startswith(session_id)
    jpeg = live.services.evidence.get(appearance_id) if known else None
    if jpeg is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"there is no evidence of {appearance_id[:128]}")
    return Response(jpeg, media_type="image/jpeg")


@router.post(
    "/sessions/{session_id}/whep",
    status_code=HTTPStatus.CREATED,
    summary="Watch the annotated picture over WebRTC (WHEP)",
    response_class=Response,
    responses={**refusals_of(404, 406, 415), 201: {"content": {SDP: {}}}},
    openapi_extra={
        "requestBody": {"required": True, "content": {SDP: {"schema": {"type": "string"}}}}
    },
)
async def watch(
    engine: EngineDep, principal: ReadAccess, session_id: str, request: Request
) -> Response:
    """Answer an SDP offer; `Location` names the viewer."""
    live = engine.live
    principal.check(live.catalog_of(session_id))
    body, headers = await read_body(request, LARGEST_OFFER), request.headers
    kind, accept = headers.get("content-type"), headers.get("accept")
    reply, _ = await live.whep.post(kind, body, live.preview(session_id), accept)
    return respond(reply)


@router.patch(
    "/viewers/{viewer}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="More ICE candidates of a viewer",
    response_class=Response,
    responses=refusals_of(404, 412, 415, 428),
)
async def trickle_viewer(
    engine: EngineDep, _: ReadAccess, viewer: str, request: Request
) -> Response:
    """Trickle ICE of a viewer."""
    body, headers = await read_body(request, LARGEST_OFFER), request.headers
    kind, tag = headers.get("content-type"), headers.get("if-match")
    return respond(await engine.live.whep.patch(viewer, kind, body, tag))


@router.delete(
    "/viewers/{viewer}", summary="End a viewer", response_class=Response, responses=refusals_of(404)
)
async def end_viewer(engine: EngineDep, _: ReadAccess, viewer: str) -> Response:
    """End a viewer's connection; the key in the path cannot be guessed."""
    return respond(await engine.live.whep.delete(viewer))
