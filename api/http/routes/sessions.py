"""Live sessions: publish, list, end, and follow what happens in them."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Request, Response, WebSocket
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.websockets import WebSocketDisconnect
from typing_extensions import TypedDict

from api.http.auth.principal import HEADER, LiveAccess, ReadAccess, principal_from
from api.http.auth.scope import Scope
from api.http.engine import Engine, EngineDep
from api.http.live.event_stream import StreamItem, StreamRequest, stream_session
from api.http.live.service import SessionService
from api.http.problems import Problem, problem_response, refusals_of
from api.http.requests.pagination import parse_event_id
from api.http.requests.uploads import read_body
from api.live.source import Transport, open_live_source
from client.records import SessionJson
from matcher.live import NoSuchSession, Region, SessionSettings
from stream.webrtc.protocol import HttpReply

router = APIRouter(tags=["live"])

LARGEST_OFFER: Final = 200_000  # bytes of SDP
SDP: Final = "application/sdp"
LAST_EVENT: Final = 2**53  # what JavaScript counts to
Overlay = Annotated[bool, Query(description="Also what there is to draw over each frame.")]
After = Annotated[int, Query(ge=0, le=LAST_EVENT, description="Number of the last event you have.")]
Corner = tuple[float, float]

_OFFER: Final = {
    "requestBody": {"required": True, "content": {SDP: {"schema": {"type": "string"}}}}
}


class NewSession(BaseModel):
    """A source to be matched."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"catalog": "shop", "url": "rtsp://192.168.1.20/stream"}},
    )

    catalog: str = Field(min_length=1, max_length=128)
    url: str = Field(min_length=1, max_length=2048)
    transport: Transport = "auto"
    regions: list[list[Corner]] = Field(default_factory=list, max_length=16)
    smallest: float = Field(default=0.0, ge=0, le=1)


class SessionsJson(TypedDict):
    """All sessions."""

    sessions: list[SessionJson]


def session_settings(regions: list[list[Corner]], smallest: float) -> SessionSettings:
    """Return the settings of a session.

    Raises:
        Problem: a region or the size cannot be.
    """
    try:
        return SessionSettings(tuple(Region(tuple(corners)) for corners in regions), smallest)
    except ValueError as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), "invalid") from error


def respond(reply: HttpReply) -> Response:
    """Return a reply of WHIP or WHEP as a response."""
    if reply.problem:
        return problem_response(reply.status, reply.problem, headers=reply.headers)
    return Response(reply.body or None, reply.status, dict(reply.headers))


@router.post(
    "/catalogs/{catalog}/whip",
    status_code=HTTPStatus.CREATED,
    summary="Publish a camera over WebRTC (WHIP, RFC 9725)",
    response_class=Response,
    responses={**refusals_of(404, 406, 409, 415), 201: {"content": {SDP: {}}}},
    openapi_extra=_OFFER,
)
async def publish(engine: EngineDep, _: LiveAccess, catalog: str, request: Request) -> Response:
    """Answer an SDP offer; what is found comes over the data channel `events`."""
    headers = request.headers
    body = await read_body(request, LARGEST_OFFER)
    live = engine.live
    kind, accept = headers.get("content-type"), headers.get("accept")
    return respond(await live.publish(catalog, kind, body, accept))


@router.options(
    "/catalogs/{catalog}/whip",
    summary="What may be published",
    status_code=HTTPStatus.NO_CONTENT,
    responses=refusals_of(404),
)
async def publish_options(engine: EngineDep, _: LiveAccess, catalog: str) -> Response:  # noqa: ARG001
    """`Accept-Post`, and the ICE servers as `Link`."""
    return respond(engine.live.options())


@router.get("/sessions", summary="List live sessions", responses=refusals_of())
def list_sessions(engine: EngineDep, principal: ReadAccess) -> SessionsJson:
    """Sessions that run, and the last ones that ended by themselves."""
    return {"sessions": engine.live.list(principal)}


@router.post(
    "/sessions",
    status_code=HTTPStatus.CREATED,
    summary="Match a camera by its address",
    responses=refusals_of(404, 409),
)
async def begin_session(
    engine: EngineDep, principal: LiveAccess, order: NewSession, response: Response
) -> SessionJson:
    """Match an RTSP or HTTP camera until it is stopped; to have it come back, make it a camera."""
    principal.check(order.catalog)
    settings = session_settings(order.regions, order.smallest)
    source = open_live_source(order.url, order.transport, engine.options.rules)
    session_id = await engine.live.begin(source, order.catalog, settings)
    response.headers["Location"] = f"/v1/sessions/{session_id}"
    return engine.live.show(session_id, principal)


@router.get("/sessions/{session_id}", summary="Show a session", responses=refusals_of(404))
def show_session(engine: EngineDep, principal: ReadAccess, session_id: str) -> SessionJson:
    """State and counters."""
    return engine.live.show(session_id, principal)


@router.delete(
    "/sessions/{session_id}",
    summary="End a session",
    response_class=Response,
    status_code=HTTPStatus.NO_CONTENT,
    responses={**refusals_of(404), 200: {"description": "it was published over WHIP"}},
)
async def end_session(engine: EngineDep, principal: LiveAccess, session_id: str) -> Response:
    """End a session, in under two seconds from any state."""
    engine.live.show(session_id, principal)
    is_whip = await engine.live.stop(session_id)
    return Response(status_code=HTTPStatus.OK if is_whip else HTTPStatus.NO_CONTENT)


@router.patch(
    "/sessions/{session_id}",
    summary="More ICE candidates",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    responses=refusals_of(404, 412, 415, 428),
)
async def trickle(
    engine: EngineDep, principal: LiveAccess, session_id: str, request: Request
) -> Response:
    """Trickle ICE of a publisher."""
    engine.live.show(session_id, principal)
    body, headers = await read_body(request, LARGEST_OFFER), request.headers
    kind, tag = headers.get("content-type"), headers.get("if-match")
    return respond(await engine.live.trickle(session_id, kind, body, tag))


@router.get(
    "/sessions/{session_id}/events",
    summary="What happens in a session, as it happens (SSE)",
    response_class=StreamingResponse,
    responses={**refusals_of(404), 200: {"content": {"text/event-stream": {}}}},
)
async def events(
    engine: EngineDep,
    principal: ReadAccess,
    session_id: str,
    after: After = 0,
    overlay: Overlay = False,
    last_event_id: Annotated[str | None, Header(description="As `after`, and wins.")] = None,
) -> StreamingResponse:
    """`appearance` events with their numbers as ids, `status`, `overlay`, `missed`, `end`."""
    known = parse_event_id(last_event_id, LAST_EVENT)
    after = after if known is None else known
    live = engine.live
    principal.check(await asyncio.to_thread(live.catalog_of, session_id))
    wanted = StreamRequest(session_id, after, overlay)

    async def lines() -> AsyncIterator[str]:
        yield "retry: 1000\n\n"
        async for item in stream_session(live, wanted, principal, engine.shutdown):
            yield item.as_sse()

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines(), media_type="text/event-stream", headers=headers)


@router.websocket("/sessions/{session_id}/events/ws")
async def events_socket(
    socket: WebSocket, session_id: str, after: After = 0, overlay: Overlay = False
) -> None:
    """The same as JSON texts `{type, number, data}`."""
    engine: Engine = socket.state.engine
    principal = principal_from(socket.headers[HEADER])
    try:
        principal.need(Scope.READ)
        live = engine.live
        principal.check(await asyncio.to_thread(live.catalog_of, session_id))
    except NoSuchSession as error:
        await socket.send_denial_response(problem_response(HTTPStatus.NOT_FOUND, str(error)))
        return
    except Problem as error:
        await socket.send_denial_response(problem_response(error.status, error.detail))
        return
    await socket.accept()
    sending = asyncio.create_task(
        _send_all(socket, engine, live, StreamRequest(session_id, after, overlay))
    )
    listening = asyncio.create_task(_until_gone(socket))
    _, others = await asyncio.wait({sending, listening}, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    await asyncio.gather(sending, listening, return_exceptions=True)


async def _send_all(
    socket: WebSocket, engine: Engine, live: SessionService, wanted: StreamRequest
) -> None:
    principal = principal_from(socket.headers[HEADER])
    try:
        async for item in stream_session(live, wanted, principal, engine.shutdown):
            await socket.send_text((item if item.kind else StreamItem("alive")).as_text())
        await socket.close()
    except (WebSocketDisconnect, RuntimeError):
        return  # the reader left


async def _until_gone(socket: WebSocket) -> None:
    """Read and throw away what a reader sends, until it leaves."""
    try:
        while True:
            await socket.receive_bytes()
    except (WebSocketDisconnect, KeyError, RuntimeError):
        return
