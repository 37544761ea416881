"""A server looks; implements `api.remote.protocols.CatalogMatcher`."""

from collections.abc import Mapping, Sequence

from api.remote.catalogs import RemoteProducts
from api.remote.decoding import (
    decode_explanation,
    decode_identification,
    decode_search_page,
    translate_refusals,
)
from catalog.ingest.image_file import ImageFile
from catalog.records.product import Product
from catalog.search.search import SearchQuery, SearchResult
from client.client import Client
from matcher.decision.explain import Explanation
from matcher.results import Identification


class RemoteMatcher:
    """On a server."""

    def __init__(self, client: Client, catalog: str) -> None:
        """Look at a catalog.

        Raises:
            ClientError: there is none of that name, or the server does not answer.
        """
        self._client = client
        self._catalog = catalog
        client.catalog(catalog)
        self._products = RemoteProducts(client, catalog)

    @property
    def products(self) -> Mapping[str, Product]:
        """The catalog's, by id."""
        return self._products

    def get_ready(self) -> None:
        """The server is."""

    def identify(self, picture: ImageFile, *, whole_image: bool) -> Identification:
        """What is in a picture."""
        with translate_refusals():
            said = self._client.identify(self._catalog, _sent(picture), whole_image=whole_image)
        return decode_identification(said)

    def explain(self, picture: ImageFile, product_id: str) -> Explanation:
        """Why a product is, or is not, the answer."""
        said = self._client.explain(self._catalog, _sent(picture), product_id)
        return decode_explanation(said)

    def search(
        self, asked: SearchQuery, where: Sequence[str], picture: ImageFile | None
    ) -> SearchResult:
        """Products by words, conditions and likeness."""
        said = self._client.search(
            self._catalog,
            asked.text,
            picture=None if picture is None else _sent(picture),
            where=where,
            facets=asked.facets,
            offset=asked.offset,
            limit=asked.limit,
        )
        return decode_search_page(said)


def _sent(picture: ImageFile) -> tuple[str, bytes]:
    # A file's name may hold bytes that are no text.
    return picture.name.encode("utf-8", "replace").decode("utf-8"), picture.data
