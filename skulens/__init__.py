"""skulens from Python: open a catalog, identify pictures, match a video, watch a camera.

    import skulens

    with skulens.open_catalog("shop") as catalog:
        for found in catalog.identify("photo.jpg").products:
            print(found.name, found.verdict, found.probability)

What `__all__` lists is promised and described in docs/python.md; everything else may change.
"""

from skulens.product_catalog import ProductCatalog, open_catalog
from skulens.results import (
    FoundProduct,
    PhotoResult,
    SeenProduct,
    SkulensError,
    Verdict,
    VideoResult,
    WatchEvent,
)

__all__ = [
    "FoundProduct",
    "PhotoResult",
    "ProductCatalog",
    "SeenProduct",
    "SkulensError",
    "Verdict",
    "VideoResult",
    "WatchEvent",
    "open_catalog",
]
