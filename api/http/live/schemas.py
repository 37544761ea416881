"""The JSON of live sessions: sessions, overlays, and what a reader of events gets."""

from typing import Any

from api.schemas.results import product_name
from catalog.snapshot import Catalog
from client.records import SessionJson, SessionKind
from matcher.live import FrameResult, SessionStatus
from matcher.tracking.output import OverlayItem


def session_json(status: SessionStatus, kind: SessionKind, camera_id: str | None) -> SessionJson:
    """A session at this moment."""
    counters = status.counters
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
        "counters": {
            "frames_in": counters.frames_in,
            "processed": counters.processed,
            "dropped": counters.dropped,
            "faults": counters.faults,
            "detections": counters.detections,
            "looks": counters.looks,
            "surveys": counters.surveys,
            "degraded": counters.degraded,
            "late": counters.late,
            "events": counters.events,
            "reconnects": counters.reconnects,
            "corrupt": counters.corrupt,
            "processed_fps": round(counters.processed_fps, 2),
            "age_p50_ms": round(counters.age_p50_ms, 1),
            "age_p95_ms": round(counters.age_p95_ms, 1),
            "age_p99_ms": round(counters.age_p99_ms, 1),
        },
    }


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
