"""Live sessions as the routes see them: publishers, viewers, cameras, previews, readers."""

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

MOST_REMEMBERED: Final = 512  # sessions whose origin is known, ended ones included


@dataclass(frozen=True, slots=True)
class _Origin:
    """How a session came to be."""

    kind: SessionKind
    key: str = ""
    source: WhipSource | None = None


class SessionService:
    """Starts, shows, streams and ends sessions; belongs to the engine's event loop.

    Attributes:
        services: the parts that do the work.
        notifier: wakes whoever waits for news of sessions.
        whep: the protocol of viewers.
    """

    def __init__(self, services: LiveServices, settings: WebRtcSettings | None = None) -> None:
        """Serve no session yet; call it on the event loop.

        Args:
            services: the parts that do the work.
            settings: how WebRTC peers are treated.
        """
        self.services = services
        self.notifier = LiveNotifier(services.log)
        self._whip_endpoint = WhipEndpoint(settings)
        self._whep_endpoint = WhepEndpoint(settings)
        self._whip = WhipProtocol(self._whip_endpoint, "/v1/sessions/{}".format)
        self.whep = WhepProtocol(self._whep_endpoint, "/v1/viewers/{}".format)
        self._origins: OrderedDict[str, _Origin] = OrderedDict()
        self._previews: dict[str, Preview] = {}

    def options(self) -> HttpReply:
        """Return what may be posted to publish, and the ICE servers."""
        return self._whip.options()

    async def publish(
        self, catalog: str, content_type: str | None, body: bytes, accept: str | None
    ) -> HttpReply:
        """Answer a publisher's offer and match its pictures.

        Raises:
            CatalogError: there is no such catalog.
            LiveError: no further session is taken.
        """
        newest = await asyncio.to_thread(self.services.catalogs.follow, catalog)
        reply, key = await self._whip.post(content_type, body, accept)
        source = self._whip_endpoint.source(key) if key else None
        if key is None or source is None:
            return reply
        try:
            session_id = await asyncio.to_thread(self.services.sessions.start, source, newest)
        except BaseException:
            await self._whip_endpoint.sessions.delete(key)
            raise
        self._remember(session_id, _Origin("whip", key, source))
        headers = {**reply.headers, "Location": f"/v1/sessions/{session_id}"}
        return HttpReply(reply.status, headers, reply.body)

    async def begin(self, source: LiveSource, catalog: str, settings: SessionSettings) -> str:
        """Match a source and return the session's id.

        Raises:
            CatalogError: there is no such catalog.
            LiveError: no further session is taken.
        """
        newest = await asyncio.to_thread(self.services.catalogs.follow, catalog)
        start = self.services.sessions.start
        session_id = await asyncio.to_thread(start, source, newest, settings)
        self._remember(session_id, _Origin("url"))
        return session_id

    async def trickle(
        self, session_id: str, content_type: str | None, body: bytes, if_match: str | None
    ) -> HttpReply:
        """Take more ICE candidates of a publisher."""
        key = self._origin(session_id).key
        return await self._whip.patch(key, content_type, body, if_match)

    async def stop(self, session_id: str) -> bool:
        """End a session; return whether it was a publisher's."""
        is_whip = self._origin(session_id).kind == "whip"
        await asyncio.to_thread(self.services.sessions.stop, session_id)
        self._previews.pop(session_id, None)
        return is_whip

    def show(self, session_id: str, principal: Principal) -> SessionJson:
        """Return a session as JSON.

        Raises:
            NoSuchSession: there is none, or no longer.
            Problem: its catalog is not for this principal.
        """
        status = self.services.sessions.get(session_id)
        principal.check(status.catalog)
        return session_json(status, self._kind(session_id), self._cameras().get(session_id))

    def list(self, principal: Principal) -> list[SessionJson]:
        """Return all sessions whose catalogs the principal may see."""
        cameras = self._cameras()
        return [
            session_json(status, self._kind(status.session_id), cameras.get(status.session_id))
            for status in self.services.sessions.list()
            if principal.sees(status.catalog)
        ]

    def catalog_of(self, session_id: str) -> str:
        """Return the name of the catalog that a session is, or was, matched with.

        Raises:
            NoSuchSession: nothing is known of it.
        """
        try:
            return self.services.sessions.get(session_id).catalog
        except NoSuchSession:
            entries = self.services.log.after(0, session_id=session_id, limit=1).entries
            if not entries:
                raise
            return entries[0].catalog

    def preview(self, session_id: str) -> Preview:
        """Return the picture that a session's viewers see."""
        self.services.sessions.get(session_id)
        return self._previews.setdefault(session_id, Preview())

    def take(self, message: Message) -> None:
        """Take a message of the sessions; from any thread, never blocks."""
        self.notifier(message)
        if isinstance(message, FrameResult):
            self._show_frame(message)
        elif message.status.state.is_final:
            self._previews.pop(message.status.session_id, None)

    async def close(self) -> None:
        """Say farewell to publishers and viewers, and end their connections."""
        await asyncio.gather(
            self._whip_endpoint.sessions.close(), self._whep_endpoint.sessions.close()
        )
        self.notifier.close()

    def _show_frame(self, result: FrameResult) -> None:
        preview = self._previews.get(result.session_id)
        origin = self._origins.get(result.session_id)
        if preview is None and origin is None:
            return
        try:
            catalog = self.services.catalogs.snapshot(result.catalog)
        except CatalogError:
            return  # deleted a moment ago; the session says so itself
        if preview is not None:
            preview.show(lambda: draw_frame(result, catalog))
        if origin is not None and origin.source is not None:
            _send_frame(origin.source, result, catalog)

    def _origin(self, session_id: str) -> _Origin:
        return self._origins.get(session_id, _Origin("url"))

    def _kind(self, session_id: str) -> SessionKind:
        known = self._origins.get(session_id)
        return "camera" if known is None else known.kind

    def _cameras(self) -> dict[str, str]:
        statuses = self.services.cameras.list()
        return {
            status.session.session_id: status.camera.camera_id
            for status in statuses
            if status.session is not None
        }

    def _remember(self, session_id: str, origin: _Origin) -> None:
        self._origins[session_id] = origin
        while len(self._origins) > MOST_REMEMBERED:
            self._origins.popitem(last=False)


@asynccontextmanager
async def run_session_service(
    services: LiveServices, settings: WebRtcSettings | None = None
) -> AsyncIterator[SessionService]:
    """Run the service while the block runs; it hears of every frame."""
    async with AsyncExitStack() as stack:
        service = SessionService(services, settings)
        stack.push_async_callback(service.close)
        stack.callback(services.sessions.listen(service.take))
        yield service


def draw_frame(result: FrameResult, catalog: Catalog) -> RgbImage:
    """Draw everything that is in view onto a copy of its frame."""
    height, width = result.frame.image.shape[:2]
    annotations = [
        Annotation(
            box=item.box,
            outline=item.outline,
            label=product_name(item.product_id, catalog),
            probability=item.probability,
            verdict=item.verdict,
            track_id=item.track_id,
        )
        for item in result.overlay
    ]
    return Annotator(width, height).draw(result.frame.image, annotations)


def _send_frame(source: WhipSource, result: FrameResult, catalog: Catalog) -> None:
    """Send events first: they are never left out, an overlay may be."""
    for event in result.events:
        source.send(json.dumps({"type": "event", "number": None, "data": event_json(event)}))
    if not result.late:
        source.send(json.dumps({"type": "overlay", "data": overlay_json(result, catalog)}))


def engine_starting() -> Problem:
    """Return the refusal while the networks are loaded."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "skulens is starting; try again in a moment",
        "starting",
        {"Retry-After": "2"},
    )
