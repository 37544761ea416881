"""Records feedback with a picture of what was seen, from which networks can learn."""

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from typing import Final
from uuid import uuid4

from PIL import Image

from catalog.errors import CatalogError, Invalid, NotFound
from catalog.ingest.image_file import ImageFile, read_image
from catalog.ingest.upload import ImageUpload
from catalog.journal.commit_log import CommitLog, utc_now
from catalog.journal.entries import FeedbackGiven, JournalChange
from catalog.journal.state import CatalogState
from catalog.records.feedback import Feedback
from catalog.storage.base import Storage

# The picture that is kept is enough to learn from, and takes some 200 KB.
_LONGEST_SIDE: Final = 1024  # pixels
_QUALITY: Final = 92  # of JPEG, at most 100


@dataclass(frozen=True, slots=True)
class FeedbackReceipt:
    """Feedback that was committed.

    Attributes:
        index_version: the catalog's afterwards.
        feedback: as the journal has it.
    """

    index_version: int
    feedback: Feedback


class FeedbackRecorder:
    """The feedback of one catalog; safe to share between threads. Methods block."""

    def __init__(
        self,
        catalog: str,
        storage: Storage,
        commit_log: CommitLog,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._catalog = catalog
        self._storage = storage
        self._commit_log = commit_log
        self._sleep = sleep

    def add(self, feedback: Feedback, seen: ImageFile | None = None) -> FeedbackReceipt:
        """Commit feedback.

        The picture is kept as JPEG of at most 1024 pixels, without its metadata.

        Args:
            feedback: what somebody said; its id, time and picture are filled in here.
            seen: what the answer was about: the crop, or the photo.

        Raises:
            Invalid: it contradicts itself.
            NotFound: the catalog has no such product, or was deleted.
            PictureError: the picture cannot be read.
            StorageUnavailable: the storage refused.
        """
        if fault := feedback.fault():
            raise Invalid(fault)
        start = self._commit_log.state()
        _check_products(start, feedback)
        data = b"" if seen is None else _reduce(seen)
        picture = hashlib.sha256(data).hexdigest() if data else ""
        given = replace(feedback, feedback_id=uuid4().hex[:16], at=utc_now(), picture=picture)

        def give(state: CatalogState) -> JournalChange:
            _check_products(state, feedback)
            return FeedbackGiven(given)

        if data:
            write = partial(self._storage.put, self._key(picture), data)
            upload = ImageUpload([picture], write, start, sleep=self._sleep)
            commit = upload.commit(self._commit_log, give)
        else:
            commit = self._commit_log.commit(give)
        with suppress(CatalogError):  # it only speeds up the next start
            self._commit_log.checkpoint()
        return FeedbackReceipt(commit.state.sequence, given)

    def picture(self, feedback: Feedback) -> bytes | None:
        """Return the JPEG file of what was seen; None if there was none or it is not kept any more.

        Raises:
            StorageUnavailable: the storage refused.
        """
        try:
            return self._storage.get(self._key(feedback.picture)) if feedback.picture else None
        except NotFound:
            return None

    def _key(self, picture: str) -> str:
        return f"{self._catalog}/feedback/{picture}.jpg"


def _check_products(state: CatalogState, feedback: Feedback) -> None:
    for product_id in (feedback.product_id, feedback.other_product_id):
        if product_id is not None and product_id not in state.live().products:
            raise NotFound(f"there is no product {product_id} in catalog {state.name}")


def _reduce(seen: ImageFile) -> bytes:
    picture = Image.fromarray(read_image(seen.data, seen.name))
    picture.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    file = BytesIO()
    picture.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
