"""Live sessions as the routes see them: publishers, viewers, cameras, screens, readers."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from api.drawing.annotator import Annotation, Annotator
from api.http.auth.principal import Principal
from api.http.live.notifier import LiveNotifier
from api.http.live.schemas import overlay_json, session_json
from api.http.problems import Problem
from api.live.services import LiveServices
from api.live.webhooks import WebhookStore
from api.schemas.results import event_json, product_name
from catalog.errors import CatalogError
from catalog.snapshot import Catalog
from client.records import SessionJson, SessionKind
from matcher.live import FrameResult, Message, NoSuchSession, SessionSettings
from stream.sources import LiveSource
from stream.webrtc.endpoint import WhipEndpoint
from stream.webrtc.peers import WebRtcSettings
from stream.webrtc.preview import Preview, RgbImage
from stream.webrtc.protocol import HttpReply, WhepProtocol, WhipProtocol
from stream.webrtc.whep import WhepEndpoint
from stream.webrtc.whip_source import WhipSource

MOST_REMEMBERED: Final = 512


@dataclass(frozen=True, slots=True)
class _Origin:
    """How a session came to be."""

    kind: SessionKind
    key: str = ""
    source: WhipSource | None = None


class SessionService:
    """Belongs to the engine's event loop."""

    def __init__(
        self, desk: LiveServices, hooks: WebhookStore, settings: WebRtcSettings | None = None
    ) -> None:
        """Open a room; call it on the event loop.

        Args:
            desk: what does the work.
            hooks: the webhooks that it tells, to be listed.
            settings: how peers are treated.
        """
        self.desk = desk
        self.hooks = hooks
        self.board = LiveNotifier(desk.log)
        self._whip_endpoint = WhipEndpoint(settings)
        self._whep_endpoint = WhepEndpoint(settings)
        self._whip = WhipProtocol(self._whip_endpoint, "/v1/sessions/{}".format)
        self.whep = WhepProtocol(self._whep_endpoint, "/v1/viewers/{}".format)
        self._origins: OrderedDict[str, _Origin] = OrderedDict()
        self._previews: dict[str, Preview] = {}

    def options(self) -> HttpReply:
        """What may be posted to publish."""
        return self._whip.options()

    async def publish(
        self, catalog: str, content_type: str | None, body: bytes, accept: str | None
    ) -> HttpReply:
        """Take a publisher and match it.

        Raises:
            CatalogError: there is no such catalog.
            LiveError: no further session is taken.
        """
        follow = await asyncio.to_thread(self.desk.followed, catalog)
        reply, key = await self._whip.post(content_type, body, accept)
        source = self._whip_endpoint.source(key) if key else None
        if key is None or source is None:
            return reply
        try:
            session_id = await asyncio.to_thread(self.desk.sessions.start, source, follow)
        except BaseException:
            await self._whip_endpoint.delete(key)
            raise
        self._remember(session_id, _Origin("whip", key, source))
        headers = {**reply.headers, "Location": f"/v1/sessions/{session_id}"}
        return HttpReply(reply.status, headers, reply.body)

    async def begin(self, source: LiveSource, catalog: str, settings: SessionSettings) -> str:
        """Match a source; the session's id.

        Raises:
            CatalogError: there is no such catalog.
            LiveError: no further session is taken.
        """
        follow = await asyncio.to_thread(self.desk.followed, catalog)
        start = self.desk.sessions.start
        session_id = await asyncio.to_thread(start, source, follow, settings)
        self._remember(session_id, _Origin("url"))
        return session_id

    async def trickle(
        self, session_id: str, content_type: str | None, body: bytes, if_match: str | None
    ) -> HttpReply:
        """More candidates of a publisher."""
        key = self._origin(session_id).key
        return await self._whip.patch(key, content_type, body, if_match)

    async def stop(self, session_id: str) -> bool:
        """End a session; whether it was a publisher's."""
        is_whip = self._origin(session_id).kind == "whip"
        await asyncio.to_thread(self.desk.sessions.stop, session_id)
        self._previews.pop(session_id, None)
        return is_whip

    def show(self, session_id: str, principal: Principal) -> SessionJson:
        """A session.

        Raises:
            NoSuchSession: there is none, or no longer.
            Problem: it is of another's catalog.
        """
        status = self.desk.sessions.get(session_id)
        principal.check(status.catalog)
        return session_json(status, self._kind(session_id), self._cameras().get(session_id))

    def list(self, principal: Principal) -> list[SessionJson]:
        """All sessions of one's own catalogs."""
        cameras = self._cameras()
        return [
            session_json(one, self._kind(one.session_id), cameras.get(one.session_id))
            for one in self.desk.sessions.list()
            if principal.sees(one.catalog)
        ]

    def catalog_of(self, session_id: str) -> str:
        """Whose products a session looks for, or looked for.

        Raises:
            NoSuchSession: nothing is known of it.
        """
        try:
            return self.desk.sessions.get(session_id).catalog
        except NoSuchSession:
            entries = self.desk.log.after(0, session_id=session_id, limit=1).entries
            if not entries:
                raise
            return entries[0].catalog

    def preview(self, session_id: str) -> Preview:
        """What a session's viewers see."""
        self.desk.sessions.get(session_id)
        return self._previews.setdefault(session_id, Preview())

    def hear(self, message: Message) -> None:
        """Take a message of the sessions; from any thread, never blocks."""
        self.board(message)
        if isinstance(message, FrameResult):
            self._hear_frame(message)
        elif message.status.state.is_final:
            self._previews.pop(message.status.session_id, None)

    async def close(self) -> None:
        """Tell publishers and viewers, and end them."""
        await asyncio.gather(self._whip_endpoint.close(), self._whep_endpoint.close())
        self.board.close()

    def _hear_frame(self, told: FrameResult) -> None:
        preview = self._previews.get(told.session_id)
        origin = self._origins.get(told.session_id)
        if preview is None and origin is None:
            return
        try:
            catalog = self.desk.followed(told.catalog)()
        except (CatalogError, NoSuchSession):
            return  # deleted a moment ago; the session says so itself
        if preview is not None:
            preview.show(lambda: draw_frame(told, catalog))
        if origin is not None and origin.source is not None:
            _tell(origin.source, told, catalog)

    def _origin(self, session_id: str) -> _Origin:
        return self._origins.get(session_id, _Origin("url"))

    def _kind(self, session_id: str) -> SessionKind:
        known = self._origins.get(session_id)
        return "camera" if known is None else known.kind

    def _cameras(self) -> dict[str, str]:
        reports = self.desk.cameras.list()
        return {one.session.session_id: one.camera.camera_id for one in reports if one.session}

    def _remember(self, session_id: str, origin: _Origin) -> None:
        self._origins[session_id] = origin
        while len(self._origins) > MOST_REMEMBERED:
            self._origins.popitem(last=False)


@asynccontextmanager
async def run_session_service(
    desk: LiveServices, hooks: WebhookStore, settings: WebRtcSettings | None = None
) -> AsyncIterator[SessionService]:
    """A room around a desk while the block runs."""
    async with AsyncExitStack() as stack:
        room = SessionService(desk, hooks, settings)
        stack.push_async_callback(room.close)
        stack.callback(desk.sessions.listen(room.hear))
        yield room


def draw_frame(told: FrameResult, catalog: Catalog) -> RgbImage:
    """A frame with everything drawn that is in view."""
    height, width = told.frame.image.shape[:2]
    seen = [
        Annotation(
            box=note.box,
            outline=note.outline,
            label=product_name(note.product_id, catalog),
            probability=note.probability,
            verdict=note.verdict,
            track_id=note.track_id,
        )
        for note in told.overlay
    ]
    return Annotator(width, height).draw(told.frame.image, seen)


def _tell(source: WhipSource, told: FrameResult, catalog: Catalog) -> None:
    """Events first: they are never left out, an overlay may be."""
    for event in told.events:
        source.send(json.dumps({"type": "event", "number": None, "data": event_json(event)}))
    if not told.late:
        source.send(json.dumps({"type": "overlay", "data": overlay_json(told, catalog)}))


def engine_starting() -> Problem:
    """The refusal while the networks are loaded."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "skulens is starting; try again in a moment",
        "starting",
        {"Retry-After": "2"},
    )
