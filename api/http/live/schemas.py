"""The JSON of live sessions and of what is drawn over their frames."""

from dataclasses import asdict
from typing import Any, Final, cast

from api.schemas.results import product_name
from catalog.snapshot import Catalog
from client.records import CountersJson, SessionJson, SessionKind
from matcher.live import FrameResult, SessionStatus
from matcher.live.messages import Counters
from matcher.tracking.output import OverlayItem

# Decimals of the counters that are not whole.
_DIGITS: Final = {"processed_fps": 2, "age_p50_ms": 1, "age_p95_ms": 1, "age_p99_ms": 1}


def session_json(status: SessionStatus, kind: SessionKind, camera_id: str | None) -> SessionJson:
    """Return a session as it is now."""
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
    """Return the counters of a session, whose names are those of `Counters`."""
    values = asdict(counters)
    rounded = {name: round(values[name], digits) for name, digits in _DIGITS.items()}
    return cast(CountersJson, {**values, **rounded})


def overlay_json(result: FrameResult, catalog: Catalog) -> dict[str, Any]:
    """Return what is drawn over a frame, in its own pixels."""
    height, width = result.frame.image.shape[:2]
    return {
        "session_id": result.session_id,
        "frame_index": result.frame.index,
        "media_time_s": round(result.frame.media_time, 3),
        "captured_at": round(result.frame.captured_at, 3),
        "age_ms": round(result.age_s * 1e3, 1),
        "width": width,
        "height": height,
        "degraded": result.degraded,
        "tracks": [_track(item, catalog) for item in result.overlay],
    }


def _track(item: OverlayItem, catalog: Catalog) -> dict[str, Any]:
    box = item.box
    return {
        "appearance_id": item.appearance_id,
        "track_id": item.track_id,
        "product_id": item.product_id,
        "name": product_name(item.product_id, catalog),
        "verdict": str(item.verdict),
        "probability": round(float(item.probability), 4),
        "box": [round(float(side), 1) for side in (box.left, box.top, box.right, box.bottom)],
        "outline": [[round(float(x), 1), round(float(y), 1)] for x, y in item.outline],
    }
