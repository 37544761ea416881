"""Taking pictures in: read, check and encode first, upload afterwards."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from catalog.encodings.background import without_background
from catalog.encodings.cache import EncodingCache
from catalog.encodings.encoders import CatalogEncoders
from catalog.encodings.encoding import Encoder, Encoding, EnrolledPicture, PartIds
from catalog.encodings.store import EncodingStore, check_encoding
from catalog.errors import CatalogError, Invalid, NotFound, PictureError, StorageUnavailable
from catalog.ingest.background import BackgroundSearch, FindBackground
from catalog.ingest.image_file import DecodedImage, ImageFile, decode_image
from catalog.ingest.outline import KeptImage, check_choice, describe_kept
from catalog.ingest.quality import (
    Issue,
    KnownProducts,
    QualityRules,
    compare_with_others,
    find_owner,
    inspect_image,
)
from catalog.ingest.upload import ImageUpload
from catalog.journal.state import CatalogState
from catalog.records.kept import KeptChoice
from catalog.records.product import ReferenceImage, image_key
from catalog.records.validation import MOST_IMAGES, to_storable
from catalog.storage.base import Storage


@dataclass(frozen=True, slots=True, eq=False)
class PreparedImage:
    """A picture that can be uploaded: its record, its file and its encoding."""

    image: ReferenceImage
    file: ImageFile
    encoding: Encoding


@dataclass(frozen=True, slots=True, eq=False)
class IngestBatch:
    """The new ones of the pictures given, and what there is to say of all.

    Attributes:
        encoder: that encoded them.
        prepared: the new ones.
        notes: sentences on pictures that are ignored.
        issues: of the new ones by themselves.
    """

    encoder: Encoder
    prepared: tuple[PreparedImage, ...]
    notes: tuple[str, ...]
    issues: tuple[Issue, ...] = ()

    @property
    def images(self) -> tuple[ReferenceImage, ...]:
        """The new reference images, in the order given."""
        return tuple(prepared.image for prepared in self.prepared)

    @property
    def kept(self) -> tuple[KeptImage, ...]:
        """The part that is kept of each of them."""
        return tuple(describe_kept(new.image, new.encoding) for new in self.prepared)


class Ingestor:
    """Prepares and uploads the pictures of one catalog."""

    def __init__(
        self,
        storage: Storage,
        catalog: str,
        encoders: CatalogEncoders,
        encodings: EncodingCache,
        rules: QualityRules,
    ) -> None:
        self._storage = storage
        self._catalog = catalog
        self._encoders = encoders
        self._encodings = encodings
        self._rules = rules
        self._store = EncodingStore(storage, catalog)

    def prepare(
        self,
        start: CatalogState,
        product_id: str,
        pictures: Sequence[ImageFile],
        existing: Sequence[ReferenceImage],
        at: str,
        search: BackgroundSearch | None = None,
    ) -> IngestBatch:
        """Read, encode and check pictures; nothing is written.

        Args:
            start: of the catalog, whose networks encode them.
            product_id: whose they are to be.
            pictures: of one product; each helps to encode the ones after it.
            existing: the product's images so far.
            at: ISO 8601, UTC; when they are added.
            search: finds what they share with other products; None to keep that.

        Raises:
            PictureError: one of them cannot be read, or has an issue that is refused.
            Invalid: too many, an outline that is no part of its picture, or the encoder broke its
                contract.
            Conflict: this process lacks the networks.
        """
        encoder = self._encoders.get(start.part_ids)
        names = {image.image_id: image.source_name for image in existing}
        if len(existing) + len(pictures) > MOST_IMAGES:
            raise Invalid(
                f"{len(existing) + len(pictures)} pictures are too many for one product; "
                f"give at most {MOST_IMAGES}"
            )
        siblings: list[Encoding] | None = None
        prepared: list[PreparedImage] = []
        notes: list[str] = []
        issues: list[Issue] = []
        for picture in pictures:
            data = picture.data
            image_id = hashlib.sha256(data).hexdigest()
            if image_id in names:
                notes.append(f"{picture.name} is the same file as {names[image_id]} and is ignored")
                continue
            names[image_id] = picture.name
            decoded = decode_image(data, picture.name)
            del data  # of many large files, one is in memory
            if siblings is None:
                siblings = self._siblings(encoder, existing)
            image = _image(image_id, decoded, picture, at)
            if find_owner(image_id, product_id, start.products) is not None:
                image = replace(image, apart=product_id)
            encoding = self._encoded(encoder, decoded, image, siblings)
            siblings.append(encoding)
            issues += inspect_image(picture.name, decoded.image, encoding, self._rules)
            self._refuse(issues)
            prepared.append(PreparedImage(image, picture, encoding))
        if search is not None:
            prepared = _marked(product_id, prepared, existing, search)
        return IngestBatch(encoder, tuple(prepared), tuple(notes), tuple(issues))

    def compare(
        self, product_id: str, batch: IngestBatch, known: KnownProducts
    ) -> tuple[Issue, ...]:
        """Return issues of the new pictures that resemble other products of the catalog.

        Raises:
            PictureError: one has an issue that is refused.
        """
        issues = tuple(
            issue
            for new in batch.prepared
            for issue in compare_with_others(
                new.image.source_name,
                new.image.image_id,
                product_id,
                new.encoding,
                known,
                self._rules,
            )
        )
        self._refuse(issues)
        return issues

    def _refuse(self, issues: Sequence[Issue]) -> None:
        for issue in issues:
            if issue.kind in self._rules.refused:
                raise PictureError(f"{issue.sentence} (refused by setting)", issue.picture)

    def upload(self, batch: IngestBatch, start: CatalogState) -> ImageUpload:
        """Write pictures and features; also those that are there, so that they count as fresh.

        Args:
            batch: what to write.
            start: of the catalog, read before.

        Raises:
            StorageUnavailable: the storage refused.
            Conflict: others kept writing the same picture.
        """
        image_ids = [image.image_id for image in batch.images]
        return ImageUpload(image_ids, partial(self._write, batch), start)

    def encode_stored(
        self, encoder: Encoder, image: ReferenceImage, siblings: Sequence[Encoding]
    ) -> Encoding:
        """Return the encoding of a stored picture by some networks; made and saved if missing.

        Raises:
            NotFound: the picture is missing in the storage.
            PictureError: it is damaged.
            Invalid: the encoder broke its contract.
        """
        known = self._known(encoder, image.encoding_id)
        if known is None:
            encoding = self._encoded(encoder, self._decoded(image), image, siblings)
            self._store.save(encoder.part_ids, image.encoding_id, encoding)
            return encoding
        if known.words is not None or not encoder.part_ids.words:
            return known
        words = encoder.read_words(self._decoded(image).image, known.crop)
        if words is None:
            return known
        self._store.save_words(encoder.part_ids, image.encoding_id, words)
        return replace(known, words=words)

    def prepare_choice(
        self,
        part_ids: PartIds,
        images: Sequence[ReferenceImage],
        image_id: str,
        choice: KeptChoice | None,
        find_background: FindBackground | None = None,
    ) -> IngestBatch:
        """Encode one of a product's pictures by what a person wants to keep of it.

        Args:
            part_ids: what to make of it.
            images: of the product.
            image_id: of the picture, one of these.
            choice: what to keep; None to find that out.
            find_background: returns what is dropped of it as background; None for nothing.

        Raises:
            NotFound: there is no such picture, or it is missing in the storage.
            PictureError: it is damaged, or has an issue that is refused.
            Invalid: the outline is no part of it.
            Conflict: this process lacks the networks.
        """
        encoder = self._encoders.get(part_ids)
        found = [image for image in images if image.image_id == image_id]
        if not found:
            raise NotFound(f"there is no picture {image_id}")
        before = found[0]
        checked = check_choice(choice, before.width, before.height, before.source_name)
        image = replace(before, choice=checked, background="")
        data = self._storage.get(image_key(self._catalog, image_id, image.extension))
        decoded = decode_image(data, image.source_name)
        siblings = self._siblings(encoder, [i for i in images if i.image_id != image_id])
        encoding = self._encoded(encoder, decoded, image, siblings)
        issues = inspect_image(image.source_name, decoded.image, encoding, self._rules)
        self._refuse(issues)
        if find_background is not None:
            image = replace(image, background=find_background(image, encoding))
        return IngestBatch(
            encoder,
            (PreparedImage(image, ImageFile(image.source_name, data), encoding),),
            (),
            tuple(issues),
        )

    def kept_of(self, part_ids: PartIds, images: Sequence[ReferenceImage]) -> list[KeptImage]:
        """Return the part that is kept of each of some stored pictures.

        Raises:
            NotFound: an encoding is missing.
            CatalogError: one is damaged.
        """
        return [
            describe_kept(image, self._encodings.get(part_ids, image.encoding_id))
            for image in images
        ]

    def _decoded(self, image: ReferenceImage) -> DecodedImage:
        data = self._storage.get(image_key(self._catalog, image.image_id, image.extension))
        return decode_image(data, image.source_name)

    def _write(self, batch: IngestBatch) -> None:
        for new in batch.prepared:
            image = new.image
            key = image_key(self._catalog, image.image_id, image.extension)
            self._storage.put(key, new.file.data)
            self._store.save(batch.encoder.part_ids, image.encoding_id, new.encoding)

    def _siblings(self, encoder: Encoder, existing: Sequence[ReferenceImage]) -> list[Encoding]:
        return [
            without_background(self._encodings.get(encoder.part_ids, image.encoding_id), image)
            for image in existing
        ]

    def _encoded(
        self,
        encoder: Encoder,
        decoded: DecodedImage,
        image: ReferenceImage,
        siblings: Sequence[Encoding],
    ) -> Encoding:
        known = self._known(encoder, image.encoding_id)
        if known is not None and (known.words is not None or not encoder.part_ids.words):
            return known
        if known is not None:
            return replace(known, words=encoder.read_words(decoded.image, known.crop))
        encoding = encoder.encode(decoded.image, tuple(siblings), image.choice)
        check_encoding(encoding, image.source_name)
        return encoding

    def _known(self, encoder: Encoder, encoding_id: str) -> Encoding | None:
        """Return the stored encoding; None if it is missing or damaged and has to be made."""
        try:
            return self._store.load(encoder.part_ids, encoding_id)
        except StorageUnavailable:
            raise
        except (NotFound, CatalogError):
            return None


def _marked(
    product_id: str,
    prepared: Sequence[PreparedImage],
    existing: Sequence[ReferenceImage],
    search: BackgroundSearch,
) -> list[PreparedImage]:
    """Return new pictures with the background that they share with other products."""
    family = search.family(existing)
    family |= {
        new.image.image_id: EnrolledPicture(new.encoding, new.image.size) for new in prepared
    }

    def marked(new: PreparedImage) -> PreparedImage:
        found = search.look(product_id, new.image, family)
        if found is None:
            return new
        return replace(new, image=replace(new.image, background=found.background))

    return [marked(new) for new in prepared]


def _image(image_id: str, decoded: DecodedImage, picture: ImageFile, at: str) -> ReferenceImage:
    height, width = decoded.image.shape[:2]
    choice = check_choice(picture.choice, width, height, picture.name)
    name = to_storable(picture.name)
    return ReferenceImage(image_id, decoded.extension, width, height, name, at, choice)
