"""The JSON of live sessions: sessions, overlays, and what a reader of events gets."""

from dataclasses import asdict
from typing import Any, cast

from api.schemas.results import product_name
from catalog.snapshot import Catalog
from client.records import CountersJson, SessionJson, SessionKind
from matcher.live import FrameResult, SessionStatus
from matcher.live.messages import Counters
from matcher.tracking.output import OverlayItem


def session_json(status: SessionStatus, kind: SessionKind, camera_id: str | None) -> SessionJson:
    """A session at this moment."""
    return {
        "session_id": status.session_id,
        "kind": kind,
        "camera_id": camera_id,
        "source": status.source_id,
        "catalog": status.catalog,
        "state": status.state.value,
        "reason": status.reason,
        "since": round(status.since, 3),
        "started_at": round(status.started_at, 3),
        "counters": counters_json(status.counters),
    }


def counters_json(counters: Counters) -> CountersJson:
    """Return counters by name; rates and ages rounded to what can be measured."""
    numbers = {
        name: round(number, 2 if name == "processed_fps" else 1)
        for name, number in asdict(counters).items()
    }
    return cast("CountersJson", numbers)


def overlay_json(told: FrameResult, catalog: Catalog) -> dict[str, Any]:
    """What there is to draw over a frame, in its own pixels."""
    height, width = told.frame.image.shape[:2]
    return {
        "session_id": told.session_id,
        "frame_index": told.frame.index,
        "media_time_s": round(told.frame.media_time, 3),
        "captured_at": round(told.frame.captured_at, 3),
        "age_ms": round(told.age_s * 1e3, 1),
        "width": width,
        "height": height,
        "degraded": told.degraded,
        "tracks": [_track(note, catalog) for note in told.overlay],
    }


def _track(note: OverlayItem, catalog: Catalog) -> dict[str, Any]:
    box = note.box
    return {
        "appearance_id": note.appearance_id,
        "track_id": note.track_id,
        "product_id": note.product_id,
        "name": product_name(note.product_id, catalog),
        "verdict": str(note.verdict),
        "probability": round(float(note.probability), 4),
        "box": [round(float(side), 1) for side in (box.left, box.top, box.right, box.bottom)],
        "outline": [[round(float(x), 1), round(float(y), 1)] for x, y in note.outline],
    }
