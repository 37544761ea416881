"""Imports many products into a server's catalog, with the report of a local import."""

from collections.abc import Mapping, Sequence
from typing import cast

from api.remote.catalogs import RemoteCatalog
from api.remote.decoding import translate_refusals
from catalog.ingest.image_file import ImageFile
from catalog.migration import OnProgress
from catalog.records.product import AttributeValue, Product
from catalog.store import BeforeCommit, CatalogStore, ChangeResult
from catalog.transfer.importer import FetchImage, ImportReport, import_manifest
from catalog.transfer.manifest import ImportManifest
from client.client import Client


def import_to_server(
    client: Client,
    catalog: str,
    manifest: ImportManifest,
    on_progress: OnProgress | None = None,
    fetch: FetchImage | None = None,
) -> ImportReport:
    """Take in what a manifest offers, product by product, so that it goes on where it stopped.

    Raises:
        ClientError: the server does not answer, or does not let us; products before that are in.
    """
    # The import calls nothing of a store but what `_ServerTarget` has.
    store = cast(CatalogStore, _ServerTarget(client, catalog))
    return import_manifest(store, manifest, on_progress, fetch)


class _State:
    def __init__(self, store: RemoteCatalog, products: Mapping[str, Product]) -> None:
        self._store = store
        self.products = products

    @property
    def sequence(self) -> int:
        return self._store.snapshot().index_version


class _ServerTarget:
    """A server's catalog as an import sees a `CatalogStore`."""

    has_encoder = True  # the server itself refuses pictures that it cannot encode

    def __init__(self, client: Client, name: str) -> None:
        self.name = name
        self._store = RemoteCatalog(client, name)
        self._products = dict(self._store.snapshot().products)

    def state(self) -> _State:
        return _State(self._store, self._products)

    def add_product(
        self,
        product_id: str,
        pictures: Sequence[ImageFile],
        *,
        name: str | None,
        description: str,
        attributes: Mapping[str, AttributeValue] | None,
        before_commit: BeforeCommit,
    ) -> ChangeResult:
        before_commit()
        with translate_refusals():
            return self._store.add_product(
                product_id,
                pictures,
                name=name,
                description=description,
                attributes=attributes,
            )

    def add_images(
        self, product_id: str, pictures: Sequence[ImageFile], *, before_commit: BeforeCommit
    ) -> ChangeResult:
        before_commit()
        with translate_refusals():
            return self._store.add_images(product_id, pictures)

    def update_product(
        self,
        product_id: str,
        *,
        name: str | None,
        description: str | None,
        attributes: Mapping[str, AttributeValue] | None,
    ) -> ChangeResult:
        changes: dict[str, AttributeValue | None] | None = None
        if attributes is not None:
            known = dict(self._products[product_id].attributes)
            changes = {**dict.fromkeys(known), **attributes}
        with translate_refusals():
            return self._store.update_product(
                product_id, name=name, description=description, attribute_changes=changes
            )
