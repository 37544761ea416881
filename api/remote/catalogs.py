"""A server's catalogs; implements `api.remote.protocols.CatalogCollection`."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

from typing_extensions import override

from api.errors import Refused
from api.remote.decoding import decode, translate_refusals
from catalog.encodings.encoding import PartIds
from catalog.ingest.image_file import ImageFile
from catalog.ingest.outline import KeptImage
from catalog.reconcile.orphans import GRACE_SECONDS
from catalog.reconcile.report import Report
from catalog.records.calibration import Calibration
from catalog.records.codec import from_record
from catalog.records.kept import KeptChoice, write_choice
from catalog.records.product import AttributeValue, Product
from catalog.store import ChangeResult
from client.bodies import Keep
from client.client import Client
from client.errors import Declined
from client.records import AttributeJson, JobJson

POLL_S: Final = 0.3  # between two questions about a job
NOT_FOUND: Final = 404  # HTTP status

OnJob = Callable[[JobJson], None]


class RemoteProducts(Mapping[str, Product]):
    """A catalog's products, fetched when they are asked for."""

    def __init__(self, client: Client, catalog: str) -> None:
        self._client = client
        self._catalog = catalog
        self._known: dict[str, Product | None] = {}

    @override
    def __getitem__(self, product_id: str) -> Product:
        """Return a product, which is fetched once."""
        if product_id not in self._known:
            self._known[product_id] = self._fetch(product_id)
        product = self._known[product_id]
        if product is None:
            raise KeyError(product_id)
        return product

    @override
    def __iter__(self) -> Iterator[str]:
        """Iterate over the ids of all products, in order."""
        return iter(self._all)

    @override
    def __len__(self) -> int:
        """Return the number of products."""
        return len(self._all)

    @cached_property
    def _all(self) -> tuple[str, ...]:
        payloads = self._client.products(self._catalog)
        products = [decode(Product, payload) for payload in payloads]
        self._known.update((product.product_id, product) for product in products)
        return tuple(product.product_id for product in products)

    def _fetch(self, product_id: str) -> Product | None:
        try:
            return decode(Product, self._client.product(self._catalog, product_id))
        except Declined as error:
            if error.status != NOT_FOUND:
                raise
            return None


class RemoteCatalogView:
    """A server's catalog at one moment; implements `api.remote.protocols.CatalogView`.

    Attributes:
        index_version: version of the catalog.
        products: all of them, by id.
        part_ids: ids of the networks that encoded it.
        calibrations: by the id of the networks that they hold for.
    """

    def __init__(self, client: Client, name: str) -> None:
        payload = client.catalog(name)
        calibrations = [from_record(Calibration, record) for record in payload["calibrations"]]
        self.index_version = payload["index_version"]
        self.products: Mapping[str, Product] = RemoteProducts(client, name)
        self.part_ids = PartIds(**payload["part_ids"])
        self.calibrations = {calibration.model_id: calibration for calibration in calibrations}


class RemoteCatalog:
    """A server's catalog that can be changed; implements `api.remote.protocols.EditableCatalog`."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name

    def snapshot(self) -> RemoteCatalogView:
        """Return the catalog as it is now."""
        return RemoteCatalogView(self._client, self._name)

    def product(self, product_id: str) -> Product:
        """Return one product."""
        return decode(Product, self._client.product(self._name, product_id))

    def add_product(
        self,
        product_id: str,
        pictures: Sequence[ImageFile],
        *,
        name: str | None = None,
        description: str = "",
        attributes: Mapping[str, AttributeValue] | None = None,
    ) -> ChangeResult:
        """Add a product with its pictures."""
        payload = self._client.add_product(
            self._name,
            product_id,
            _named(pictures),
            name=name or "",
            description=description,
            attributes={key: _value(value) for key, value in (attributes or {}).items()},
            keep=_keep(pictures),
        )
        return decode(ChangeResult, payload)

    def add_images(self, product_id: str, pictures: Sequence[ImageFile]) -> ChangeResult:
        """Add pictures to a product."""
        return decode(
            ChangeResult,
            self._client.add_images(self._name, product_id, _named(pictures), keep=_keep(pictures)),
        )

    def replace_images(
        self, product_id: str, pictures: Sequence[ImageFile], *, if_revision: int | None = None
    ) -> ChangeResult:
        """Give a product other pictures."""
        product = self._client.product(self._name, product_id)
        revision = product["revision"] if if_revision is None else if_revision
        files = _named(pictures)
        return decode(
            ChangeResult,
            self._client.put_product(
                self._name, product, files, revision=revision, keep=_keep(pictures)
            ),
        )

    def remove_images(
        self, product_id: str, image_ids: Sequence[str], *, if_revision: int | None = None
    ) -> ChangeResult:
        """Take pictures away, one by one."""
        change: ChangeResult | None = None
        for image_id in image_ids:
            payload = self._client.remove_image(
                self._name, product_id, image_id, revision=if_revision
            )
            change = decode(ChangeResult, payload)
            if_revision = None if if_revision is None else change.product.revision
        if change is None:
            raise Refused("name at least one picture.")
        return change

    def choose_kept(
        self,
        product_id: str,
        image_id: str,
        choice: KeptChoice | None,
        *,
        if_revision: int | None = None,
    ) -> ChangeResult:
        """Keep another part of a picture; None to find that out."""
        payload = self._client.keep_of_image(
            self._name, product_id, image_id, keep_value(choice), revision=if_revision
        )
        return decode(ChangeResult, payload)

    def kept(self, product_id: str) -> list[KeptImage]:
        """Return the part that is kept of each picture."""
        payloads = self._client.kept_of_images(self._name, product_id)
        return [decode(KeptImage, payload) for payload in payloads]

    def update_product(
        self,
        product_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        attribute_changes: Mapping[str, AttributeValue | None] | None = None,
        if_revision: int | None = None,
    ) -> ChangeResult:
        """Change the name, the description or attributes of a product."""
        texts = {"name": name, "description": description}
        changes: dict[str, object] = {key: text for key, text in texts.items() if text is not None}
        if attribute_changes:
            changes["attributes"] = {
                key: None if value is None else _value(value)
                for key, value in attribute_changes.items()
            }
        payload = self._client.update_product(self._name, product_id, changes, revision=if_revision)
        return decode(ChangeResult, payload)

    def remove_product(self, product_id: str) -> ChangeResult:
        """Take a product out."""
        return decode(ChangeResult, self._client.remove_product(self._name, product_id))

    def restore_product(self, product_id: str) -> ChangeResult:
        """Bring a product back."""
        return decode(ChangeResult, self._client.restore_product(self._name, product_id))


class RemoteReconciler:
    """Asks a server to reconcile; implements `api.remote.protocols.CatalogReconciler`."""

    def __init__(self, client: Client, name: str, grace_seconds: float) -> None:
        self._client = client
        self._name = name
        self._hours = grace_seconds / 3600

    def sync(self, *, dry_run: bool = False) -> Report:
        """Take in what people put there."""
        return self._done(self._client.reconcile(self._name, dry_run=dry_run, only_sync=True))

    def reconcile(self, *, dry_run: bool = False, accept_loss: bool = False) -> Report:
        """Compare both, and bring them together."""
        job = self._client.reconcile(
            self._name, dry_run=dry_run, accept_loss=accept_loss, grace_hours=self._hours
        )
        return self._done(job)

    def _done(self, job: JobJson) -> Report:
        return decode(Report, wait_for_job(self._client, job)["result"] or {})


class RemoteCatalogs:
    """Catalogs of a server; implements `api.remote.protocols.CatalogCollection`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def names(self) -> tuple[str, ...]:
        """Return the names of the catalogs, sorted."""
        return tuple(payload["catalog"] for payload in self._client.catalogs())

    def create(self, name: str) -> RemoteCatalog:
        """Make an empty catalog."""
        self._client.create_catalog(name)
        return RemoteCatalog(self._client, name)

    def open(self, name: str) -> RemoteCatalog:
        """Open a catalog that exists."""
        with translate_refusals():
            self._client.catalog(name)
        return RemoteCatalog(self._client, name)

    def delete(self, name: str) -> None:
        """Delete a catalog for ever."""
        self._client.delete_catalog(name)

    def reconciler(self, name: str, *, grace_seconds: float = GRACE_SECONDS) -> RemoteReconciler:
        """Return what compares a catalog with its storage."""
        return RemoteReconciler(self._client, name, grace_seconds)


def wait_for_job(client: Client, job: JobJson, on_job: OnJob | None = None) -> JobJson:
    """Wait for a job.

    Raises:
        Refused: it failed, or somebody cancelled it.
    """
    while True:
        if on_job is not None:
            on_job(job)
        match job["state"]:
            case "done":
                return job
            case "failed":
                raise Refused(job["error"] or "the job failed.")
            case "cancelled":
                raise Refused(f"job {job['job_id']} was cancelled on the server.")
        time.sleep(POLL_S)
        job = client.job(job["job_id"])


def keep_value(choice: KeptChoice | None) -> Keep:
    """Return a choice as the service reads it."""
    return "automatic" if choice is None else write_choice(choice)


def _keep(pictures: Sequence[ImageFile]) -> Keep | None:
    """Return the choice that all pictures of a request have."""
    choices = {picture.choice for picture in pictures}
    choice = choices.pop() if len(choices) == 1 else None
    return None if choice is None else keep_value(choice)


def _named(pictures: Sequence[ImageFile]) -> list[tuple[str, bytes]]:
    return [(picture.name, picture.data) for picture in pictures]


def _value(value: AttributeValue) -> AttributeJson:
    return list(value) if isinstance(value, tuple) else value
