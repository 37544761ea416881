"""Takes feedback in, with a picture of what was seen, and gives it back to be learnt from."""

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Final
from uuid import uuid4

from PIL import Image

from catalog.errors import CatalogError, Invalid, NotFound
from catalog.ingest.image_file import ImageFile, read_image
from catalog.ingest.upload import COLLECTING_SECONDS
from catalog.journal.commit_log import CommitLog, utc_now
from catalog.journal.entries import FeedbackGiven, JournalChange
from catalog.journal.state import CatalogState, Lifecycle
from catalog.records.feedback import Feedback
from catalog.storage.base import Storage

_LONGEST_SIDE: Final = 1024
_QUALITY: Final = 92


@dataclass(frozen=True, slots=True)
class FeedbackReceipt:
    """Feedback that was taken in.

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

    def add(self, said: Feedback, seen: ImageFile | None = None) -> FeedbackReceipt:
        """Take in what somebody said.

        The picture is kept as JPEG of at most 1024 pixels, without any note of its maker or place.

        Args:
            said: its id, time and picture are filled in here.
            seen: what the answer was about: the crop, or the photo.

        Raises:
            Invalid: it contradicts itself.
            NotFound: the catalog has no such product, or was deleted.
            PictureError: the picture cannot be read.
            StorageUnavailable: the storage refused.
        """
        if fault := said.fault():
            raise Invalid(fault)
        start = self._checked(self._commit_log.state(), said)
        data = b"" if seen is None else _reduced(seen)
        picture = hashlib.sha256(data).hexdigest() if data else ""
        given = replace(said, feedback_id=uuid4().hex[:16], at=utc_now(), picture=picture)
        if data:
            self._storage.put(self._key(picture), data)
        looked = start.sequence

        def added(state: CatalogState) -> JournalChange:
            nonlocal looked
            self._checked(state, said)
            if data and state.collected.since(looked, [picture]):
                # It was an orphan until now, and orphans are just being removed (see `Upload`).
                self._sleep(1.5 * COLLECTING_SECONDS)
                self._storage.put(self._key(picture), data)
            looked = state.sequence
            return FeedbackGiven(given)

        commit = self._commit_log.commit(added)
        with suppress(CatalogError):  # it only speeds up the next start
            self._commit_log.checkpoint()
        return FeedbackReceipt(commit.state.sequence, given)

    def picture(self, feedback: Feedback) -> bytes | None:
        """The JPEG file of what was seen; None if there was none, or it is not kept any more.

        Raises:
            StorageUnavailable: the storage refused.
        """
        try:
            return self._storage.get(self._key(feedback.picture)) if feedback.picture else None
        except NotFound:
            return None

    def _checked(self, state: CatalogState, said: Feedback) -> CatalogState:
        if state.life is not Lifecycle.LIVE:
            raise NotFound(f"there is no catalog {self._catalog}")
        for product_id in (said.product_id, said.other_product_id):
            if product_id is not None and product_id not in state.products:
                raise NotFound(f"there is no product {product_id} in catalog {self._catalog}")
        return state

    def _key(self, picture: str) -> str:
        return f"{self._catalog}/feedback/{picture}.jpg"


def _reduced(seen: ImageFile) -> bytes:
    picture = Image.fromarray(read_image(seen.data, seen.name))
    picture.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    file = BytesIO()
    picture.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
