"""What a change needs in the storage stays there until the change is committed."""

import time
from typing import Final

from catalog.errors import Conflict
from catalog.ingest.ingest import IngestBatch, Ingestor
from catalog.journal.state import CatalogState

# Whoever removes orphans says so in the journal first and stops after this time.
COLLECTING_SECONDS: Final = 10.0
_MARGIN_SECONDS: Final = 5.0


class ImageUpload:
    """The pictures and features of one change, written again when they may have been collected.

    Objects that nothing refers to yet look like orphans. Removing orphans is announced by a journal
    entry, so a writer that was stalled while its upload was collected loses its number to that
    entry, sees it here, waits until the removal is over and uploads again.
    """

    def __init__(self, ingest: Ingestor, intake: IngestBatch, state: CatalogState) -> None:
        """Upload.

        Args:
            ingest: of the catalog.
            intake: what to upload.
            state: read before.
        """
        self._ingest = ingest
        self._intake = intake
        self._seen = state.sequence
        ingest.upload(intake)

    def ensure(self, state: CatalogState) -> None:
        """Call with the state that the change is to follow, before every attempt to commit.

        Raises:
            Conflict: the catalog was switched to other networks since the pictures were encoded.
        """
        if state.part_ids != self._intake.encoder.part_ids:
            raise Conflict("the catalog was switched to other networks meanwhile; try again")
        images = self._intake.images
        if state.collected.since(self._seen, (image.image_id for image in images)):
            time.sleep(COLLECTING_SECONDS + _MARGIN_SECONDS)
            self._ingest.upload(self._intake)
        self._seen = state.sequence
