"""Looks again for background where products came that show it, too, or went that did."""

from collections.abc import Iterator, Mapping
from typing import Final

from catalog.errors import CatalogError, StorageUnavailable
from catalog.ingest.background import BackgroundSearch
from catalog.journal.state import CatalogState
from catalog.reconcile.report import Finding, FindingKind
from catalog.records.product import Product, ReferenceImage
from catalog.store import CatalogStore

Looked = Mapping[str, tuple[str, ...]]
"""Pictures that were looked at, by encoding id: the other products that showed parts of them."""

# In one run; the next goes on. A look takes a quarter of a second.
MOST_LOOKS: Final = 200


class BackgroundCheck:
    """Looks at the pictures of one catalog that nobody looked at since they came."""

    def __init__(self, store: CatalogStore, most_looks: int = MOST_LOOKS) -> None:
        self._store = store
        self._most_looks = most_looks

    def run(self, looked: Looked, *, dry_run: bool) -> tuple[list[Finding], Looked]:
        """Mark background that was found, and return what was looked at up to now.

        A picture that is new, or of whose products one went, is looked at; then those that show
        parts of it, which may be background only since it came.

        Args:
            looked: of the last run.
            dry_run: only report.

        Raises:
            StorageUnavailable: the storage refused.
        """
        search = self._store.background_search()
        state = self._store.state()
        if search is None:
            return [], looked
        there = {image.encoding_id for _, image in _images(state)}
        known = {key: others for key, others in looked.items() if key in there}
        due = [
            (product.product_id, image.image_id)
            for product, image in _images(state)
            if image.choice is None and not self._is_known(image, known, state)
        ][: self._most_looks]
        round_ = _Round(search, state, known)
        for key in due:
            round_.look(*key)
        for key in round_.shown_by[: self._most_looks]:
            round_.look(*key)
        if not dry_run:
            self._commit(round_.changed, state)
        return _report(round_.changed, self._store.name), round_.looked

    def _is_known(self, image: ReferenceImage, known: Looked, state: CatalogState) -> bool:
        shown_by = known.get(image.encoding_id)
        return shown_by is not None and all(other in state.products for other in shown_by)

    def _commit(self, changed: Mapping[str, Mapping[str, str]], state: CatalogState) -> None:
        for product_id, background in changed.items():
            revision = state.products[product_id].revision
            try:
                self._store.mark_background(product_id, background, if_revision=revision)
            except StorageUnavailable:
                raise
            except CatalogError:
                continue  # it was changed meanwhile; its new pictures are looked at the next time


class _Round:
    """Looks of one run.

    Attributes:
        looked: as it was given, and what was looked at since.
        shown_by: pictures of other products that show parts of these: product and image ids.
        changed: other background than before, by product and image id.
    """

    def __init__(self, search: BackgroundSearch, state: CatalogState, looked: Looked) -> None:
        self._search = search
        self._state = state
        self._done: set[tuple[str, str]] = set()
        self.looked = dict(looked)
        self.shown_by: list[tuple[str, str]] = []
        self.changed: dict[str, dict[str, str]] = {}

    def look(self, product_id: str, image_id: str) -> None:
        if (product_id, image_id) in self._done:
            return
        self._done.add((product_id, image_id))
        images = self._state.products[product_id].images
        image = next(image for image in images if image.image_id == image_id)
        found = self._search.look_again(product_id, image)
        if found is None:
            return
        self.looked[image.encoding_id] = tuple(other for other, _ in found.shown_by)
        self.shown_by += found.shown_by
        if image.choice is None and found.background != image.background:
            self.changed.setdefault(product_id, {})[image_id] = found.background


def _images(state: CatalogState) -> Iterator[tuple[Product, ReferenceImage]]:
    for product in state.products.values():
        for image in product.images:
            yield product, image


def _report(changed: Mapping[str, Mapping[str, str]], catalog: str) -> list[Finding]:
    cells = [background for images in changed.values() for background in images.values()]
    marked, freed = sum(map(bool, cells)), sum(not background for background in cells)
    findings = []
    if marked:
        sentence = f"{_pictures(marked)}: what other products share is taken for background"
        findings.append(Finding(FindingKind.MENDED, catalog, sentence))
    if freed:
        sentence = f"{_pictures(freed)}: what was taken for background is kept again"
        findings.append(Finding(FindingKind.MENDED, catalog, sentence))
    return findings


def _pictures(count: int) -> str:
    return f"{count} picture" if count == 1 else f"{count} pictures"
