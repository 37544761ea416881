"""Crops of pictures that are shown again and again: framed when first asked for, then kept."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Final

from matcher.errors import WeightsError
from matcher.imaging.box import Box

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from matcher.crops.thumbnail.framer import ThumbnailFramer

WHOLE: Final = Box(0, 0, 1, 1)  # in shares of a picture's sides
MOST_KEPT: Final = 50_000  # crops; each takes some hundred bytes
_LOOKED_AT_PX: Final = 640  # longer side: a small thumbnail shows no smaller faces anyhow


class KeptFramings:
    """Crops by picture and aspect; safe to share between threads.

    The service calls it in its bounded executor alone, so that a page full of new pictures keeps no
    more of the processor from live sources than any other requests.
    """

    def __init__(self, framer: "Callable[[], ThumbnailFramer]", most: int = MOST_KEPT) -> None:
        """Remember where the framer comes from; it is loaded for the first picture.

        Args:
            framer: raises `WeightsError` where its networks are missing.
            most: crops that are kept; the ones that were not asked for longest go first.
        """
        self._framer = framer
        self._most = most
        self._kept: OrderedDict[tuple[str, str], Box | None] = OrderedDict()
        self._lock = Lock()

    def crop(self, picture: str, image: "Callable[[], NDArray[np.uint8]]", aspect: str) -> Box:
        """Return a picture's crop in shares of its sides; the whole where that shows more.

        The whole picture is taken where the crop would cut a product or a face, and where the
        networks of the framer are not installed.

        Args:
            picture: names its content, such as a hash of it.
            image: returns it, (H, W, 3) RGB; called only when the crop is not kept.
            aspect: such as 1:1.

        Raises:
            AspectError: the aspect is none.
            PictureError: what `image` raises.
        """
        key = picture, aspect
        known, crop = self._find(key)
        if not known:
            crop = self._frame(image(), aspect)
            self._keep(key, crop)
        return crop or WHOLE

    def square(self, image: "NDArray[np.uint8]") -> Box:
        """Return the most pleasant square of an (H, W, 3) RGB picture, as `crop` does."""
        return self.crop(hashlib.sha256(image.tobytes()).hexdigest(), lambda: image, "1:1")

    def _find(self, key: tuple[str, str]) -> tuple[bool, Box | None]:
        with self._lock:
            if key not in self._kept:
                return False, None
            self._kept.move_to_end(key)
            return True, self._kept[key]

    def _keep(self, key: tuple[str, str], crop: Box | None) -> None:
        with self._lock:
            self._kept[key] = crop
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def _frame(self, image: "NDArray[np.uint8]", aspect: str) -> Box | None:
        from matcher.crops.thumbnail.aspect import Aspect
        from matcher.imaging.resize import reduced

        wanted = Aspect.parse(aspect)
        height, width = image.shape[:2]
        scale = min(_LOOKED_AT_PX / max(height, width), 1.0)
        columns, rows = max(round(scale * width), 1), max(round(scale * height), 1)
        try:
            framer = self._framer()
        except WeightsError:
            return None
        best = framer.frame(framer.look(reduced(image, columns, rows)), wanted).best
        if best.cuts_a_face or best.cuts_a_product:
            return None
        box = best.box
        return Box(box.left / columns, box.top / rows, box.right / columns, box.bottom / rows)
