"""The composition root: where settings become storage, device, networks and catalogs.

* folder or bucket: `open_storage`;
* processor or GPU: `open_runtime`;
* all that is composed of them: `LocalServices`, each part built at its first use, so that a command
  waits only for what it needs.

`Services` is what commands and the HTTP service see of it; `api.live.services` adds what is live.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from api.settings import Device, Settings
from catalog.encodings.encoding import (
    Encoder,
    Encoding,
    EnrolledPicture,
    KeypointCoder,
    OtherProduct,
    PartIds,
    SharedBackground,
)
from catalog.encodings.shared_cache import SharedEncodingCache
from catalog.ingest.quality import IssueKind, QualityRules
from catalog.registry import Catalogs
from catalog.search.keypoints.base_file import KeypointFiles
from catalog.storage.base import Storage
from catalog.storage.folder import FolderStorage
from matcher.tracking.finder import Finder

if TYPE_CHECKING:
    # Names in signatures only; the modules behind them take a second to import.
    import numpy as np
    from numpy.typing import NDArray

    from api.models.crops import CropTools
    from api.models.finetuning import CatalogFinetuner
    from api.models.loading import Models
    from api.models.per_catalog import CatalogFinder, PerCatalogModels
    from catalog.encodings.encoding import ReferenceCrop
    from catalog.encodings.printed import PrintedWord
    from catalog.records.kept import KeptChoice
    from catalog.search.search import SearchQuery, SearchResult
    from catalog.snapshot import Catalog
    from catalog.storage.s3 import S3Options
    from catalog.transfer.archive import UnpackBounds
    from catalog.transfer.s3_images import S3Images
    from matcher.decision.evaluation import Recogniser
    from matcher.decision.explain import Explanation
    from matcher.networks.runtime import Runtime
    from matcher.results import Identification


class PhotoFinder(Finder["Catalog"], Protocol):
    """Finds products in frames and photos; `matcher.pipeline.Pipeline` implements it."""

    def identify(
        self, image: "NDArray[np.uint8]", catalog: "Catalog", *, whole_image: bool = False
    ) -> "Identification":
        """Every product in a picture."""

    def explain(
        self, image: "NDArray[np.uint8]", catalog: "Catalog", product_id: str
    ) -> "Explanation":
        """Which gate lets a product through and which one loses it."""


class Searcher(Protocol):
    """Finds products like a picture; `matcher.retrieval.search.PictureSearch` implements it."""

    def search(
        self, catalog: "Catalog", search: "SearchQuery", image: "NDArray[np.uint8]"
    ) -> "SearchResult":
        """Find products like a picture, and by the words of the query."""


class Services(Protocol):
    """Everything that commands and the HTTP service work with."""

    @property
    def settings(self) -> Settings:
        """Settings that it was built from."""

    @property
    def catalogs(self) -> Catalogs:
        """All catalogs of the storage."""

    @property
    def finder(self) -> PhotoFinder:
        """Finds products; loads the networks at its first use, which takes seconds.

        Raises:
            MatcherError: weights are missing or broken, or the device is not there.
        """

    def finetuner(self, catalog: str) -> "CatalogFinetuner":
        """Return what fine-tunes networks to a catalog.

        Raises:
            NotFound: there is no such catalog.
            MatcherError: weights are missing or broken, or the device is not there.
        """

    def recogniser(self, catalog: "Catalog") -> "Recogniser":
        """Return what a calibration evaluates; loads the networks at its first use.

        Raises:
            MatcherError: weights are missing or broken, or the device is not there.
        """

    def fetch(self, address: str) -> bytes:
        """Read the picture at an `s3://bucket/key` address, with the settings of S3.

        Raises:
            CatalogError: there is none, or it cannot be reached.
        """

    @property
    def searcher(self) -> Searcher:
        """Finds products like a picture; loads the networks at its first use.

        Raises:
            MatcherError: weights are missing or broken, or the device is not there.
        """

    @property
    def crops(self) -> "CropTools":
        """Tools for pictures alone; each tool loads its networks at its first use."""

    @property
    def models(self) -> "Models":
        """Networks and what is composed of them, for measurements.

        Raises:
            MatcherError: weights are missing or broken, or the device is not there.
        """


class LocalServices:
    """Services in this process; implements `Services`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def settings(self) -> Settings:
        """Settings that it was built from."""
        return self._settings

    @cached_property
    def models(self) -> "Models":
        """Networks and what is composed of them."""
        from api.models.loading import load_models

        return load_models(self._settings, self.runtime)

    @cached_property
    def crops(self) -> "CropTools":
        """Tools for pictures alone."""
        from api.models.crops import CropTools

        return CropTools(self._settings, lambda: self.runtime, lambda: self.models)

    @cached_property
    def runtime(self) -> "Runtime":
        """Runs the networks."""
        return open_runtime(self._settings)

    @cached_property
    def catalogs(self) -> Catalogs:
        """All catalogs of the storage."""
        return Catalogs(
            self.storage,
            _LazyEncoder(self),
            enrolment_rules(self._settings),
            SharedEncodingCache(self._settings.cache_dir / "features"),
            self._made_for,
            KeypointFiles(self._settings.cache_dir / "keypoints"),
        )

    @cached_property
    def storage(self) -> Storage:
        """Folder or bucket of the catalogs."""
        return open_storage(self._settings)

    @cached_property
    def catalog_models(self) -> "PerCatalogModels":
        """Networks that were fine-tuned to single catalogs."""
        from api.models.per_catalog import PerCatalogModels

        return PerCatalogModels(
            self.models,
            self.storage,
            self.runtime,
            self._settings.cache_dir / "models",
            any_licence=self._settings.allow_noncommercial_weights,
        )

    def finetuner(self, catalog: str) -> "CatalogFinetuner":
        """Return what fine-tunes networks to a catalog."""
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
        """Return what a calibration evaluates."""
        return self._catalog_finder.models_of(catalog).pipeline

    @cached_property
    def _catalog_finder(self) -> "CatalogFinder":
        from api.models.per_catalog import CatalogFinder

        return CatalogFinder(self.models, self.catalog_models.of)

    def fetch(self, address: str) -> bytes:
        """Read the picture at an `s3://bucket/key` address."""
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
    """Return the thresholds of the picture checks, and the issues that are refused."""
    refused = frozenset(IssueKind(name) for name in settings.enrolment_refuses)
    return QualityRules(refused, twin=settings.twin_similarity)


def unpack_bounds(settings: Settings) -> "UnpackBounds":
    """Return the bounds of archives that are imported."""
    from catalog.transfer.archive import UnpackBounds

    gigabyte = 10**9
    return UnpackBounds(
        most_bytes=round(settings.import_gb * gigabyte),
        free_bytes=round(settings.free_gb * gigabyte),
    )


def open_storage(settings: Settings) -> Storage:
    """Open the bucket if the settings name one, else the folder."""
    if not settings.s3_bucket:
        return FolderStorage(settings.storage)
    from catalog.storage.s3 import S3Storage

    return S3Storage(s3_options(settings))


def s3_options(settings: Settings) -> "S3Options":
    """Return the bucket's address, and how to reach it."""
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


def open_runtime(settings: Settings, device: Device | None = None) -> "Runtime":
    """Choose the runtime of a device; of the settings' device where none is given.

    Raises:
        RuntimeUnavailable: the device is not there.
    """
    from matcher.networks.devices import Device as NetworkDevice
    from matcher.networks.devices import choose_runtime

    folder = settings.cache_dir / "networks"
    return choose_runtime(NetworkDevice(device or settings.device), folder, settings.threads)


@contextmanager
def build_services(settings: Settings) -> Iterator[Services]:
    """Yield services of these settings."""
    yield LocalServices(settings)


class _LazyEncoder:
    """An encoder that loads its networks when a picture comes; implements `Encoder`."""

    def __init__(self, services: LocalServices) -> None:
        self._services = services

    @property
    def part_ids(self) -> PartIds:
        """Ids of the parts that `encode` makes."""
        return self._encoder.part_ids

    @property
    def coder(self) -> KeypointCoder | None:
        """Describes the keypoints that it keeps."""
        return self._encoder.coder

    def encode(
        self,
        image: "NDArray[np.uint8]",
        siblings: "Sequence[Encoding]",
        choice: "KeptChoice | None" = None,
    ) -> Encoding:
        """Encode one reference picture."""
        return self._encoder.encode(image, siblings, choice)

    def read_words(
        self, image: "NDArray[np.uint8]", crop: "ReferenceCrop"
    ) -> "tuple[PrintedWord, ...] | None":
        """Return the words printed on a product that was located before."""
        return self._encoder.read_words(image, crop)

    def find_background(
        self,
        picture: EnrolledPicture,
        relatives: "Sequence[EnrolledPicture]",
        others: "Sequence[OtherProduct]",
    ) -> SharedBackground:
        """Find what a reference picture shares with those of several unrelated products."""
        return self._encoder.find_background(picture, relatives, others)

    @property
    def _encoder(self) -> Encoder:
        return self._services.models.encoder
