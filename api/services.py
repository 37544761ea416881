"""The composition root: the one place where settings become a working skulens.

Everything heavy is built at its first use, so that a command waits only for what it needs.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from api.settings import Settings
from catalog.encodings.encoding import Encoder, Encoding, PartIds
from catalog.encodings.shared_cache import SharedEncodingCache
from catalog.ingest.quality import IssueKind, QualityRules
from catalog.registry import Catalogs
from catalog.storage.base import Storage
from catalog.storage.folder import FolderStorage
from matcher.tracking.finder import Finder

if TYPE_CHECKING:
    # Names in signatures only; the modules behind them take a second to import.
    import numpy as np
    from numpy.typing import NDArray

    from api.models.finetuning import CatalogFinetuner
    from api.models.loading import Models
    from api.models.per_catalog import CatalogFinder, PerCatalogModels
    from catalog.search.search import SearchQuery, SearchResult
    from catalog.snapshot import Catalog
    from catalog.storage.s3 import S3Options
    from catalog.transfer.s3_images import S3Images
    from matcher.decision.evaluation import Recogniser
    from matcher.decision.explain import Explanation
    from matcher.results import Identification


class PhotoFinder(Finder["Catalog"], Protocol):
    """Finds products in frames and photos; `matcher.pipeline.Pipeline` implements it."""

    def identify(
        self, image: "NDArray[np.uint8]", catalog: "Catalog", *, whole_image: bool = False
    ) -> "Identification":
        """Every product in a picture."""
        ...

    def explain(
        self, image: "NDArray[np.uint8]", catalog: "Catalog", product_id: str
    ) -> "Explanation":
        """Which gate lets a product through and which one loses it."""
        ...


class Searcher(Protocol):
    """What finds products like a picture; `matcher.retrieval.search.PictureSearch` does."""

    def search(
        self, catalog: "Catalog", search: "SearchQuery", image: "NDArray[np.uint8]"
    ) -> "SearchResult":
        """Products like a picture, which also the words of the search may find."""
        ...


class Services(Protocol):
    """What commands work with."""

    @property
    def settings(self) -> Settings:
        """What it was built from."""
        ...

    @property
    def catalogs(self) -> Catalogs:
        """All catalogs of the storage."""
        ...

    @property
    def finder(self) -> PhotoFinder:
        """Finds products; loads the networks at its first use, which takes seconds.

        Raises:
            MatcherError: weights are missing or broken, or the device is not there.
        """
        ...

    def finetuner(self, catalog: str) -> "CatalogFinetuner":
        """What makes networks for one catalog.

        Raises:
            NotFound: there is no such catalog.
            MatcherError: weights are missing or broken, or the device is not there.
        """
        ...

    def recogniser(self, catalog: "Catalog") -> "Recogniser":
        """What answers for a catalog, to be calibrated; loads the networks at its first use.

        Raises:
            MatcherError: weights are missing or broken, or the device is not there.
        """
        ...

    def fetch(self, address: str) -> bytes:
        """The picture at an `s3://bucket/key` address, read with the settings of S3.

        Raises:
            CatalogError: there is none, or it cannot be reached.
        """
        ...

    @property
    def searcher(self) -> Searcher:
        """Finds products like a picture; loads the networks at its first use.

        Raises:
            MatcherError: weights are missing or broken, or the device is not there.
        """
        ...

    @property
    def models(self) -> "Models":
        """What the finder is made of, for measurements.

        Raises:
            MatcherError: weights are missing or broken, or the device is not there.
        """
        ...


class LocalServices:
    """Services in this process; implements `Services`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def settings(self) -> Settings:
        """What it was built from."""
        return self._settings

    @cached_property
    def models(self) -> "Models":
        """The networks and what is composed of them."""
        from api.models.loading import load_models

        return load_models(self._settings)

    @cached_property
    def catalogs(self) -> Catalogs:
        """All catalogs of the storage."""
        return Catalogs(
            self.storage,
            _LateEncoder(self),
            enrolment_rules(self._settings),
            SharedEncodingCache(self._settings.cache_dir / "features"),
            self._made_for,
        )

    @cached_property
    def storage(self) -> Storage:
        """Where the catalogs lie."""
        return open_storage(self._settings)

    @cached_property
    def catalog_models(self) -> "PerCatalogModels":
        """Networks that were made for single catalogs."""
        from api.models.per_catalog import PerCatalogModels
        from matcher.networks.devices import Device, choose_runtime

        settings = self._settings
        runtime = choose_runtime(
            Device(settings.device), settings.cache_dir / "networks", settings.threads
        )
        return PerCatalogModels(
            self.models,
            self.storage,
            runtime,
            settings.cache_dir / "models",
            any_licence=settings.allow_noncommercial_weights,
        )

    def finetuner(self, catalog: str) -> "CatalogFinetuner":
        """What makes networks for one catalog."""
        from api.models.finetuning import CatalogFinetuner
        from matcher.networks.weights import read_manifest

        return CatalogFinetuner(
            self.catalogs.open(catalog),
            self.storage,
            self.catalog_models,
            read_manifest(self._settings.weights),
            any_licence=self._settings.allow_noncommercial_weights,
        )

    def _made_for(self, catalog: str, part_ids: PartIds) -> Encoder | None:
        return self.catalog_models.encoder(catalog, part_ids)

    @cached_property
    def finder(self) -> PhotoFinder:
        """Finds products."""
        return self._catalog_finder

    def recogniser(self, catalog: "Catalog") -> "Recogniser":
        """What answers for a catalog."""
        return self._catalog_finder.models_of(catalog).pipeline

    @cached_property
    def _catalog_finder(self) -> "CatalogFinder":
        from api.models.per_catalog import CatalogFinder

        return CatalogFinder(self.models, self.catalog_models.of)

    def fetch(self, address: str) -> bytes:
        """The picture at an `s3://bucket/key` address."""
        return self._pictures.get(address)

    @cached_property
    def _pictures(self) -> "S3Images":
        from catalog.transfer.s3_images import S3Images

        return S3Images(s3_options(self._settings))

    @cached_property
    def searcher(self) -> Searcher:
        """Finds products like a picture."""
        from api.models.per_catalog import CatalogSearcher

        return CatalogSearcher(self._catalog_finder)


def enrolment_rules(settings: Settings) -> QualityRules:
    """What is wrong with reference pictures, and what of it is refused."""
    refused = frozenset(IssueKind(name) for name in settings.enrolment_refuses)
    return QualityRules(refused, twin=settings.twin_similarity)


def open_storage(settings: Settings) -> Storage:
    """Where the catalogs lie: in the bucket if one is named, else in the folder."""
    if not settings.s3_bucket:
        return FolderStorage(settings.storage)
    from catalog.storage.s3 import S3Storage

    return S3Storage(s3_options(settings))


def s3_options(settings: Settings) -> "S3Options":
    """How to reach the bucket."""
    from catalog.storage.s3 import S3Options

    path_style = settings.s3_path_style
    return S3Options(
        bucket=settings.s3_bucket,
        prefix=settings.s3_prefix,
        endpoint=settings.s3_endpoint,
        region=settings.s3_region,
        path_style=bool(settings.s3_endpoint) if path_style is None else path_style,
        encryption=settings.s3_encryption,
        access_key=settings.access_key,
        secret_key=settings.secret_key,
        read_seconds=settings.s3_timeout_s,
    )


@contextmanager
def build_services(settings: Settings) -> Iterator[Services]:
    """Services while the block runs."""
    yield LocalServices(settings)


class _LateEncoder:
    """An encoder that loads its networks when a picture comes; implements `Encoder`."""

    def __init__(self, services: LocalServices) -> None:
        self._services = services

    @property
    def part_ids(self) -> PartIds:
        """Ids of the parts that `encode` makes."""
        return self._encoder.part_ids

    def encode(self, image: "NDArray[np.uint8]", siblings: "Sequence[Encoding]") -> Encoding:
        """Encode one reference picture."""
        return self._encoder.encode(image, siblings)

    @property
    def _encoder(self) -> Encoder:
        return self._services.models.encoder
