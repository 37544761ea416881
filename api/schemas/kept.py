"""JSON of what is kept of reference pictures."""

from typing import TYPE_CHECKING

from client.records import KeptImageJson

if TYPE_CHECKING:
    from catalog.ingest.outline import KeptImage


def kept_json(kept: "KeptImage") -> KeptImageJson:
    """Return the part that is kept of one picture."""
    cut = kept.cut
    return {
        "picture": kept.picture,
        "image_id": kept.image_id,
        "kind": None if cut is None else str(cut.kind),
        "by": None if cut is None else str(cut.by),
        "share": None if cut is None else round(cut.share, 4),
        "outline": [[round(x, 1), round(y, 1)] for x, y in kept.outline],
        "background": [[round(side, 1) for side in area] for area in kept.background],
        "background_share": round(kept.background_share, 4),
        "sentence": kept.sentence,
    }
