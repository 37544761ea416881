"""What commands that keep catalogs work with, here or on a server."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from api.services import Services
    from catalog.encodings.encoding import PartIds
    from catalog.ingest.image_file import ImageFile
    from catalog.reconcile.report import Report
    from catalog.records.calibration import Calibration
    from catalog.records.product import AttributeValue, Product
    from catalog.search.search import SearchQuery, SearchResult
    from catalog.store import ChangeResult
    from matcher.decision.explain import Explanation
    from matcher.results import Identification


class CatalogView(Protocol):
    """A catalog at one moment; `catalog.snapshot.Catalog` is one."""

    @property
    def index_version(self) -> int:
        """The version."""
        ...

    @property
    def products(self) -> "Mapping[str, Product]":
        """All of them, by id."""
        ...

    @property
    def part_ids(self) -> "PartIds":
        """Which networks encoded it."""
        ...

    @property
    def calibrations(self) -> "Mapping[str, Calibration]":
        """How it decides, by the networks."""
        ...


class EditableCatalog(Protocol):
    """A catalog that can be changed; `catalog.store.CatalogStore` is one and says more of each."""

    def snapshot(self) -> CatalogView:
        """The catalog as it is now."""
        ...

    def product(self, product_id: str) -> "Product":
        """One product."""
        ...

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
        ...

    def add_images(self, product_id: str, pictures: "Sequence[ImageFile]") -> "ChangeResult":
        """Add pictures to a product."""
        ...

    def replace_images(
        self,
        product_id: str,
        pictures: "Sequence[ImageFile]",
        *,
        if_revision: int | None = None,
    ) -> "ChangeResult":
        """Give a product other pictures."""
        ...

    def remove_images(
        self, product_id: str, image_ids: Sequence[str], *, if_revision: int | None = None
    ) -> "ChangeResult":
        """Take pictures away."""
        ...

    def update_product(
        self,
        product_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        attribute_changes: "Mapping[str, AttributeValue | None] | None" = None,
        if_revision: int | None = None,
    ) -> "ChangeResult":
        """Change texts and attributes of a product."""
        ...

    def remove_product(self, product_id: str) -> "ChangeResult":
        """Take a product out."""
        ...

    def restore_product(self, product_id: str) -> "ChangeResult":
        """Bring a product back."""
        ...


class CatalogReconciler(Protocol):
    """Brings a catalog and its storage together, as `catalog.reconcile.reconciler.Reconciler`."""

    def sync(self, *, dry_run: bool = False) -> "Report":
        """Take in what people put there."""
        ...

    def reconcile(self, *, dry_run: bool = False, accept_loss: bool = False) -> "Report":
        """Compare both, and bring them together."""
        ...


class CatalogCollection(Protocol):
    """All catalogs of a place; `catalog.registry.Catalogs` is one."""

    def names(self) -> tuple[str, ...]:
        """Names of the catalogs that there are, sorted."""
        ...

    def create(self, name: str) -> EditableCatalog:
        """Make an empty catalog."""
        ...

    def open(self, name: str) -> EditableCatalog:
        """A catalog that there is."""
        ...

    def delete(self, name: str) -> None:
        """Delete a catalog for ever."""
        ...

    def reconciler(self, name: str, *, grace_seconds: float = ...) -> CatalogReconciler:
        """What brings a catalog and its storage together."""
        ...


class CatalogMatcher(Protocol):
    """Looks at pictures for one catalog; errors are those of `api.errors.refusals`."""

    @property
    def products(self) -> "Mapping[str, Product]":
        """The catalog's, by id."""
        ...

    def get_ready(self) -> None:
        """Load what `identify` needs, which may take seconds."""
        ...

    def identify(self, picture: "ImageFile", *, whole_image: bool) -> "Identification":
        """What is in a picture."""
        ...

    def explain(self, picture: "ImageFile", product_id: str) -> "Explanation":
        """Why a product is, or is not, the answer."""
        ...

    def search(
        self, asked: "SearchQuery", where: Sequence[str], picture: "ImageFile | None"
    ) -> "SearchResult":
        """Products by words, conditions (`where`, as they were written) and likeness."""
        ...


class LocalMatcher:
    """In this process; implements `CatalogMatcher`."""

    def __init__(self, services: "Services", catalog: str) -> None:
        """Look at a catalog as it is now.

        Raises:
            CatalogError: there is none of that name, or the storage refuses.
        """
        self._services = services
        self._store = services.catalogs.open(catalog)
        self._snapshot = self._store.snapshot()

    @property
    def products(self) -> "Mapping[str, Product]":
        """The catalog's, by id."""
        return self._snapshot.products

    def get_ready(self) -> None:
        """Load the networks."""
        _ = self._services.finder

    def identify(self, picture: "ImageFile", *, whole_image: bool) -> "Identification":
        """What is in a picture."""
        from catalog.ingest.image_file import read_image

        image = read_image(picture.data, picture.name)
        return self._services.finder.identify(image, self._snapshot, whole_image=whole_image)

    def explain(self, picture: "ImageFile", product_id: str) -> "Explanation":
        """Why a product is, or is not, the answer."""
        from catalog.ingest.image_file import read_image

        self._store.product(product_id)
        image = read_image(picture.data, picture.name)
        return self._services.finder.explain(image, self._snapshot, product_id)

    def search(
        self,
        asked: "SearchQuery",
        where: Sequence[str],  # noqa: ARG002 -- they are in `asked`
        picture: "ImageFile | None",
    ) -> "SearchResult":
        """Products by words, conditions and likeness."""
        from catalog.ingest.image_file import read_image

        if picture is None:
            return self._snapshot.search(asked)
        image = read_image(picture.data, picture.name)
        return self._services.searcher.search(self._snapshot, asked, image)
