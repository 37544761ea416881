"""Pictures matched by a server; implements `api.remote.protocols.CatalogMatcher`."""

from collections.abc import Mapping, Sequence

from api.remote.catalogs import RemoteProducts
from api.remote.decoding import decode, translate_refusals
from catalog.ingest.image_file import ImageFile
from catalog.records.product import Product
from catalog.search.search import SearchQuery, SearchResult
from client.client import Client
from matcher.decision.explain import Explanation
from matcher.results import Identification


class RemoteMatcher:
    """Matches pictures on a server, for one catalog.

    Attributes:
        products: of the catalog, by id.
    """

    def __init__(self, client: Client, catalog: str) -> None:
        """Check that the server has the catalog.

        Raises:
            ClientError: there is none of that name, or the server does not answer.
        """
        self._client = client
        self._catalog = catalog
        client.catalog(catalog)
        self.products: Mapping[str, Product] = RemoteProducts(client, catalog)

    def get_ready(self) -> None:
        """Do nothing: the server loads its networks itself."""

    def identify(self, picture: ImageFile, *, whole_image: bool) -> Identification:
        """Find the products in a picture."""
        with translate_refusals():
            payload = self._client.identify(self._catalog, _file(picture), whole_image=whole_image)
        return decode(Identification, payload)

    def explain(self, picture: ImageFile, product_id: str) -> Explanation:
        """Explain why a product is, or is not, the answer."""
        payload = self._client.explain(self._catalog, _file(picture), product_id)
        return decode(Explanation, payload)

    def search(
        self, query: SearchQuery, where: Sequence[str], picture: ImageFile | None
    ) -> SearchResult:
        """Find products by words, conditions and likeness."""
        payload = self._client.search(
            self._catalog,
            query.text,
            picture=None if picture is None else _file(picture),
            where=where,
            facets=query.facets,
            offset=query.offset,
            limit=query.limit,
        )
        return decode(SearchResult, payload)


def _file(picture: ImageFile) -> tuple[str, bytes]:
    # A file's name may hold bytes that are not valid text.
    return picture.name.encode("utf-8", "replace").decode("utf-8"), picture.data
