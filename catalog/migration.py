"""Changing the networks that a catalog is encoded by: prepare, switch in one entry, go back."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from catalog.encodings.background import without_background
from catalog.encodings.encoders import CatalogEncoders
from catalog.encodings.encoding import NO_PARTS, Encoder, Encoding, PartIds
from catalog.errors import Conflict, Invalid, NotFound
from catalog.ingest.ingest import Ingestor
from catalog.journal.commit_log import CommitLog
from catalog.journal.entries import JournalChange, PartsActivated, PartsPrepared
from catalog.journal.state import CatalogState
from catalog.records.product import Product, ReferenceImage
from catalog.storage.base import Storage

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class CatalogModel:
    """Networks that a catalog knows of.

    Attributes:
        model_id: short name of the ids together.
        part_ids: their ids.
        encoded: how many of the catalog's pictures have all their features by them.
    """

    model_id: str
    part_ids: PartIds
    encoded: int


@dataclass(frozen=True, slots=True)
class CatalogModels:
    """Networks that a catalog is, was and could be encoded by.

    Attributes:
        active: those that it answers by.
        present: those of this process.
        previous: those before the active ones, if there were any.
        prepared: those that it is being encoded by, if that has begun.
        pictures: how many there are.
        answered: whether this process has the active ones, be they its own or made for the catalog.
        is_due: whether an earlier version of the active ones encoded it, which are encoded anew.
    """

    active: CatalogModel
    present: CatalogModel
    previous: CatalogModel | None
    prepared: CatalogModel | None
    pictures: int
    answered: bool
    is_due: bool


def model_id_of(part_ids: PartIds) -> str:
    """Return a short name for part ids."""
    joined = "\n".join(part_ids.ids)
    return hashlib.sha256(joined.encode()).hexdigest()[:12]


def describe_renewal(name: str) -> str:
    """Return the sentence for a catalog that an earlier version encoded by the same networks."""
    return (
        f"catalog {name} was encoded by an earlier version and is used as it is; the service "
        f"encodes it anew in the background, and so does: skulens catalog model {name} --switch"
    )


class ModelMigration:
    """Changes the networks of one catalog, which answers by the old ones until the switch."""

    def __init__(
        self,
        name: str,
        storage: Storage,
        commit_log: CommitLog,
        ingestor: Ingestor,
        encoders: CatalogEncoders,
        encoder: Encoder | None = None,
    ) -> None:
        """Name the catalog and its parts.

        Args:
            name: of the catalog.
            storage: it lies in.
            commit_log: commits to its journal.
            ingestor: encodes its pictures.
            encoders: that this process has.
            encoder: what to change to; the process's own when None.
        """
        self._name = name
        self._storage = storage
        self._commit_log = commit_log
        self._ingestor = ingestor
        self._encoders = encoders
        self._encoder = encoder or encoders.own

    def by(self, encoder: Encoder) -> "ModelMigration":
        """Return the migration to other networks than the process's own."""
        return ModelMigration(
            self._name, self._storage, self._commit_log, self._ingestor, self._encoders, encoder
        )

    def models(self) -> CatalogModels:
        """Return what is known of the catalog's networks; lists all features."""
        state = self._commit_log.state().live()

        def model(part_ids: PartIds) -> CatalogModel:
            have = self._encoded(part_ids)
            count = sum(image.encoding_id in have for image in _images(state))
            return CatalogModel(model_id_of(part_ids), part_ids, count)

        return CatalogModels(
            active=model(state.part_ids),
            present=model(self._encoder.part_ids),
            previous=None if state.previous == NO_PARTS else model(state.previous),
            prepared=None if state.prepared == NO_PARTS else model(state.prepared),
            pictures=len(_images(state)),
            answered=self._encoders.find(state.part_ids) is not None,
            is_due=self.is_due,
        )

    def prepare(self, on_progress: OnProgress | None = None) -> set[Product]:
        """Encode every picture by the present networks, beside what is active.

        What is there already is kept, also of a run that was stopped.

        Returns:
            The products that are encoded.

        Raises:
            PictureError: a stored picture is damaged.
            NotFound: a stored picture is missing.
        """
        wanted = self._encoder.part_ids
        wanted.check()

        def announce(state: CatalogState) -> JournalChange | None:
            known = wanted in (state.live().part_ids, state.prepared, state.previous)
            return None if known else PartsPrepared(wanted)

        self._commit_log.commit(announce)
        encoded: set[Product] = set()
        while owed := [p for p in self._products() if p not in encoded]:
            self._encode(owed, encoded, on_progress)
        return encoded

    def switch(self, on_progress: OnProgress | None = None) -> int:
        """Prepare, then switch to the present networks by one entry.

        Returns:
            The catalog's `index_version` afterwards.

        Raises:
            PictureError: a stored picture is damaged.
            NotFound: a stored picture is missing.
        """
        wanted = self._encoder.part_ids
        while True:
            encoded = self.prepare(on_progress)
            state = self._activate(wanted, encoded)
            if encoded.issuperset(state.products.values()):
                return state.sequence

    @property
    def is_due(self) -> bool:
        """Whether an earlier version of these networks' crops encoded the catalog.

        It is not where somebody went back to that version.
        """
        return self._newer() is not None

    def renew(self, on_progress: OnProgress | None = None) -> int | None:
        """Encode the catalog anew where an earlier version cut its pictures, then switch.

        It answers by the earlier encodings meanwhile, and goes on where this was stopped.

        Returns:
            The catalog's `index_version` afterwards; None where nothing was due.

        Raises:
            PictureError: a stored picture is damaged.
            NotFound: a stored picture is missing.
        """
        newer = self._newer()
        return None if newer is None else self.by(newer).switch(on_progress)

    def _newer(self) -> Encoder | None:
        state = self._commit_log.state().live()
        newer = self._encoders.find_newer(state.part_ids)
        return None if newer is None or newer.part_ids == state.previous else newer

    def roll_back(self) -> int:
        """Go back, by one entry, to the networks that were active before.

        Returns:
            The catalog's `index_version` afterwards.

        Raises:
            NotFound: there were none before.
            Conflict: pictures that came since have no features by them.
        """
        state = self._commit_log.state().live()
        if state.previous == NO_PARTS:
            raise NotFound(f"catalog {self._name} was never encoded by other networks")
        return self._switch_if_encoded(state.previous)

    def switch_to(self, model_id: str, on_progress: OnProgress | None = None) -> int:
        """Switch to the present networks, or to others that are known.

        What others lack is encoded by them where this process has them.

        Returns:
            The catalog's `index_version` afterwards.

        Raises:
            Invalid: there are no such networks.
            Conflict: pictures have no features by them, and this process lacks them.
            PictureError: a stored picture is damaged.
            NotFound: a stored picture is missing.
        """
        if model_id == model_id_of(self._encoder.part_ids):
            return self.switch(on_progress)
        state = self._commit_log.state().live()
        known = (state.part_ids, state.previous, state.prepared)
        for part_ids in known:
            if part_ids != NO_PARTS and model_id == model_id_of(part_ids):
                encoder = self._encoders.find(part_ids)
                if encoder is not None:
                    return self.by(encoder).switch(on_progress)
                return self._switch_if_encoded(part_ids)
        raise Invalid(
            f"catalog {self._name} knows no networks {model_id!r}; "
            f"see: skulens catalog model {self._name}"
        )

    def _switch_if_encoded(self, part_ids: PartIds) -> int:
        while True:
            products = self._products()
            have = self._encoded(part_ids)
            lacking = sum(
                image.encoding_id not in have for product in products for image in product.images
            )
            if lacking:
                raise Conflict(
                    f"{lacking} pictures of catalog {self._name} have no features by networks "
                    f"{model_id_of(part_ids)}; encode them with those networks: "
                    f"skulens catalog model {self._name} --encode"
                )
            state = self._activate(part_ids, set(products))
            if state.part_ids == part_ids:
                return state.sequence

    def _activate(self, part_ids: PartIds, encoded: set[Product]) -> CatalogState:
        """Switch, unless products came that are not encoded; return the state afterwards."""

        def switch(state: CatalogState) -> JournalChange | None:
            complete = encoded.issuperset(state.live().products.values())
            return None if not complete or state.part_ids == part_ids else PartsActivated(part_ids)

        return self._commit_log.commit(switch).state

    def _encode(
        self, products: Sequence[Product], encoded: set[Product], on_progress: OnProgress | None
    ) -> None:
        total = sum(len(product.images) for product in products)
        done = 0
        for product in products:
            self.encode(product.images)
            encoded.add(product)
            done += len(product.images)
            if on_progress:
                on_progress(done, total)

    def encode(self, images: Sequence[ReferenceImage]) -> None:
        """Make features of one product's pictures by the present networks where they are missing.

        Raises:
            PictureError: a stored picture is damaged.
            NotFound: a stored picture is missing.
        """
        siblings: list[Encoding] = []
        for image in images:
            encoding = self._ingestor.encode_stored(self._encoder, image, tuple(siblings))
            siblings.append(without_background(encoding, image))

    def encode_missing(self, product_id: str) -> None:
        """Make features of a product by the catalog's networks where they are missing or damaged.

        Raises:
            NotFound: there is no such product, or a picture is missing.
            PictureError: a picture is damaged.
            Conflict: this process lacks the networks.
        """
        state = self._commit_log.state().live()
        self.by(self._encoders.get(state.part_ids)).encode(state.product(product_id).images)

    def _encoded(self, part_ids: PartIds) -> frozenset[str]:
        """Return the encodings of which all parts are there by some networks."""
        parts = [
            {
                key.rpartition("/")[2].removesuffix(".safetensors")
                for key in self._storage.list(f"{self._name}/features/{folder}/")
            }
            for folder in part_ids.folders
        ]
        return frozenset.intersection(*map(frozenset, parts))

    def _products(self) -> tuple[Product, ...]:
        return tuple(self._commit_log.state().live().products.values())


def _images(state: CatalogState) -> list[ReferenceImage]:
    return [image for product in state.products.values() for image in product.images]
