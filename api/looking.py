"""Looking at pictures and for products, here or on a server."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from api.services import Services
    from catalog.records.product import Product
    from catalog.search.search import Found, Search
    from catalog.store import NamedPicture
    from matcher.decision.explain import Explanation
    from matcher.results import Identification


class Looking(Protocol):
    """Looks at pictures for one catalog; errors are those of `api.errors.refusals`."""

    @property
    def products(self) -> "Mapping[str, Product]":
        """The catalog's, by id."""
        ...

    def get_ready(self) -> None:
        """Load what `identify` needs, which may take seconds."""
        ...

    def identify(self, picture: "NamedPicture", *, whole_image: bool) -> "Identification":
        """What is in a picture."""
        ...

    def explain(self, picture: "NamedPicture", product_id: str) -> "Explanation":
        """Why a product is, or is not, the answer."""
        ...

    def search(
        self, asked: "Search", where: Sequence[str], picture: "NamedPicture | None"
    ) -> "Found":
        """Products by words, conditions (`where`, as they were written) and likeness."""
        ...


class Here:
    """In this process; implements `Looking`."""

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

    def identify(self, picture: "NamedPicture", *, whole_image: bool) -> "Identification":
        """What is in a picture."""
        from catalog.ingest.image_file import read_picture

        image = read_picture(picture.data, picture.name)
        return self._services.finder.identify(image, self._snapshot, whole_image=whole_image)

    def explain(self, picture: "NamedPicture", product_id: str) -> "Explanation":
        """Why a product is, or is not, the answer."""
        from catalog.ingest.image_file import read_picture

        self._store.product(product_id)
        image = read_picture(picture.data, picture.name)
        return self._services.finder.explain(image, self._snapshot, product_id)

    def search(
        self,
        asked: "Search",
        where: Sequence[str],  # noqa: ARG002 -- they are in `asked`
        picture: "NamedPicture | None",
    ) -> "Found":
        """Products by words, conditions and likeness."""
        from catalog.ingest.image_file import read_picture

        if picture is None:
            return self._snapshot.search(asked)
        image = read_picture(picture.data, picture.name)
        return self._services.searcher.search(self._snapshot, asked, image)
