"""skulens from Python: open a catalog, identify pictures, match a video, watch a camera.

Without a catalog: where a crop was cut from, what is meant in a picture, how to frame it.

    import skulens

    with skulens.open_catalog("shop") as catalog:
        for found in catalog.identify("photo.jpg").products:
            print(found.name, found.verdict, found.probability)

What `__all__` lists is promised and described in docs/python.md; everything else may change.
"""

from skulens.crops import Crops, open_crops
from skulens.product_catalog import ProductCatalog, open_catalog
from skulens.results import (
    CropLocation,
    FoundProduct,
    LocatedAmong,
    PhotoResult,
    ProposedCrop,
    SeenProduct,
    SkulensError,
    ThumbnailCrop,
    Verdict,
    VideoResult,
    WatchEvent,
)

__all__ = [
    "CropLocation",
    "Crops",
    "FoundProduct",
    "LocatedAmong",
    "PhotoResult",
    "ProductCatalog",
    "ProposedCrop",
    "SeenProduct",
    "SkulensError",
    "ThumbnailCrop",
    "Verdict",
    "VideoResult",
    "WatchEvent",
    "open_catalog",
    "open_crops",
]
