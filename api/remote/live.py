"""A server's JSON of live sessions and videos as our own messages."""

from api.remote.decoding import decode_points
from client.records import EventJson, SessionJson
from matcher.imaging.box import Box
from matcher.live import SessionStatus
from matcher.live.messages import Counters
from matcher.results import Verdict
from matcher.tracking.events import Event, EventKind
from stream.status import SourceState


def decode_event(said: EventJson) -> Event:
    """One step in the life of an appearance."""
    return Event(
        sequence=said["sequence"],
        event=EventKind(said["event"]),
        catalog=said["catalog"],
        session_id=said["session_id"],
        appearance_id=said["appearance_id"],
        track_id=said["track_id"],
        product_id=said["product_id"],
        verdict=Verdict(said["verdict"]),
        probability=said["probability"],
        box=Box(*said["box"]),
        outline=decode_points(said["outline"]),
        frame_index=said["frame_index"],
        media_time_s=said["media_time_s"],
        timestamp=said["timestamp"],
        frame_age_ms=said["frame_age_ms"],
        late=said["late"],
        index_version=said["index_version"],
        degraded=said["degraded"],
    )


def decode_session_status(said: SessionJson) -> SessionStatus:
    """A session at one moment."""
    return SessionStatus(
        said["session_id"],
        said["source"],
        said["catalog"],
        SourceState(said["state"]),
        said["reason"],
        said["since"],
        said["started_at"],
        Counters(**said["counters"]),
    )
