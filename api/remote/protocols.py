"""Catalogs as the command line sees them: of this machine, or of a server."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from api.services import Services
    from catalog.encodings.encoding import PartIds
    from catalog.ingest.image_file import ImageFile
    from catalog.ingest.outline import KeptImage
    from catalog.reconcile.report import Report
    from catalog.records.calibration import Calibration
    from catalog.records.kept import KeptChoice
    from catalog.records.product import AttributeValue, Product
    from catalog.search.search import SearchQuery, SearchResult
    from catalog.store import ChangeResult
    from matcher.decision.explain import Explanation
    from matcher.results import Identification


class CatalogView(Protocol):
    """A catalog at one moment; `catalog.snapshot.Catalog` is one."""

    @property
    def index_version(self) -> int:
        """Version of the catalog."""

    @property
    def products(self) -> "Mapping[str, Product]":
        """All products, by id."""

    @property
    def part_ids(self) -> "PartIds":
        """Ids of the networks that encoded it."""

    @property
    def calibrations(self) -> "Mapping[str, Calibration]":
        """Calibrations by the id of the networks that they hold for."""


class EditableCatalog(Protocol):
    """A catalog that can be changed; `catalog.store.CatalogStore` is one and says more of each."""

    def snapshot(self) -> CatalogView:
        """Return the catalog as it is now."""

    def product(self, product_id: str) -> "Product":
        """Return one product."""

    def add_product(
        self,
        product_id: str,
        pictures: "Sequence[ImageFile]",
        *,
        name: str | None = None,
        description: str = "",
        attributes: "Mapping[str, AttributeValue] | None" = None,
    ) -> "ChangeResult":
        """Add a product with its pictures."""

    def add_images(self, product_id: str, pictures: "Sequence[ImageFile]") -> "ChangeResult":
        """Add pictures to a product."""

    def replace_images(
        self, product_id: str, pictures: "Sequence[ImageFile]", *, if_revision: int | None = None
    ) -> "ChangeResult":
        """Give a product other pictures."""

    def remove_images(
        self, product_id: str, image_ids: Sequence[str], *, if_revision: int | None = None
    ) -> "ChangeResult":
        """Take pictures away."""

    def choose_kept(
        self,
        product_id: str,
        image_id: str,
        choice: "KeptChoice | None",
        *,
        if_revision: int | None = None,
    ) -> "ChangeResult":
        """Keep another part of a picture; None to find that out."""

    def kept(self, product_id: str) -> "Sequence[KeptImage]":
        """Return the part that is kept of each picture."""

    def update_product(
        self,
        product_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        attribute_changes: "Mapping[str, AttributeValue | None] | None" = None,
        if_revision: int | None = None,
    ) -> "ChangeResult":
        """Change the name, the description or attributes of a product."""

    def remove_product(self, product_id: str) -> "ChangeResult":
        """Take a product out."""

    def restore_product(self, product_id: str) -> "ChangeResult":
        """Bring a product back."""


class CatalogReconciler(Protocol):
    """Brings a catalog and its storage together, as `catalog.reconcile.reconciler.Reconciler`."""

    def sync(self, *, dry_run: bool = False) -> "Report":
        """Take in what people put there."""

    def reconcile(self, *, dry_run: bool = False, accept_loss: bool = False) -> "Report":
        """Compare both, and bring them together."""


class CatalogCollection(Protocol):
    """Catalogs of one place; `catalog.registry.Catalogs` is one."""

    def names(self) -> tuple[str, ...]:
        """Return the names of the catalogs, sorted."""

    def create(self, name: str) -> EditableCatalog:
        """Make an empty catalog."""

    def open(self, name: str) -> EditableCatalog:
        """Open a catalog that exists."""

    def delete(self, name: str) -> None:
        """Delete a catalog for ever."""

    def reconciler(self, name: str, *, grace_seconds: float = ...) -> CatalogReconciler:
        """Return what compares a catalog with its storage."""


class CatalogMatcher(Protocol):
    """Matches pictures against one catalog; raises errors of `api.errors.refusals`."""

    @property
    def products(self) -> "Mapping[str, Product]":
        """Products of the catalog, by id."""

    def get_ready(self) -> None:
        """Load what `identify` needs, which may take seconds."""

    def identify(self, picture: "ImageFile", *, whole_image: bool) -> "Identification":
        """Find the products in a picture."""

    def explain(self, picture: "ImageFile", product_id: str) -> "Explanation":
        """Explain why a product is, or is not, the answer."""

    def search(
        self, query: "SearchQuery", where: Sequence[str], picture: "ImageFile | None"
    ) -> "SearchResult":
        """Find products by words, conditions (`where`, as they were written) and likeness."""


class LocalMatcher:
    """Matches pictures in this process; implements `CatalogMatcher`.

    Attributes:
        products: of the catalog, by id.
    """

    def __init__(self, services: "Services", catalog: str) -> None:
        """Take the catalog as it is now.

        Raises:
            CatalogError: there is none of that name, or the storage refuses.
        """
        self._services = services
        self._store = services.catalogs.open(catalog)
        self._snapshot = self._store.snapshot()
        self.products: Mapping[str, Product] = self._snapshot.products

    def get_ready(self) -> None:
        """Load the networks."""
        _ = self._services.finder

    def identify(self, picture: "ImageFile", *, whole_image: bool) -> "Identification":
        """Find the products in a picture."""
        from catalog.ingest.image_file import read_image

        image = read_image(picture.data, picture.name)
        return self._services.finder.identify(image, self._snapshot, whole_image=whole_image)

    def explain(self, picture: "ImageFile", product_id: str) -> "Explanation":
        """Explain why a product is, or is not, the answer."""
        from catalog.ingest.image_file import read_image

        self._store.product(product_id)
        image = read_image(picture.data, picture.name)
        return self._services.finder.explain(image, self._snapshot, product_id)

    def search(
        self,
        query: "SearchQuery",
        where: Sequence[str],  # noqa: ARG002 -- they are in `query`
        picture: "ImageFile | None",
    ) -> "SearchResult":
        """Find products by words, conditions and likeness."""
        from catalog.ingest.image_file import read_image

        if picture is None:
            return self._snapshot.search(query)
        image = read_image(picture.data, picture.name)
        return self._services.searcher.search(self._snapshot, query, image)
