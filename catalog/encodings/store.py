"""Encodings in storage: one safetensors object per part and part id, beside the pictures.

The parts of one encoding belong together: keypoints are in the pixels of their crop. So the crop's
hash is kept with the other parts, and parts that do not fit each other count as missing. The words
may be missing by themselves: not every process reads them.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from catalog.encodings.encoding import CompactFeatures, Encoding, PartIds, ReferenceCrop
from catalog.encodings.printed import (
    LONGEST_WORD_CHARACTERS,
    MOST_WORDS_OF_PICTURE,
    PrintedWord,
)
from catalog.errors import CatalogError, Conflict, Invalid, NotFound
from catalog.records.kept import KeptBy, ReferenceCut, ReferenceKind
from catalog.storage.base import Storage

# The local part of one picture; the catalog of 100,000 pictures then takes 3 GB.
LOCAL_BUDGET_BYTES: Final = 32 * 1024
# How far an embedding's length may be from 1: above rounding, below whatever was not normalised.
_UNIT_TOLERANCE: Final = 1e-3
# Two writers of the same picture may interleave; each checks what came out and writes again.
_WRITE_ATTEMPTS: Final = 4

Tensors = Mapping[str, NDArray[np.generic]]
ScalarT = TypeVar("ScalarT", bound=np.generic)


class EncodingStore:
    """Reads and writes the encodings of one catalog."""

    def __init__(self, storage: Storage, catalog: str) -> None:
        self._storage = storage
        self._catalog = catalog

    @property
    def catalog(self) -> str:
        """The catalog's name."""
        return self._catalog

    def load(self, part_ids: PartIds, image_id: str) -> Encoding:
        """Return the encoding of a picture.

        Raises:
            NotFound: a part is missing, or the parts do not belong together.
            CatalogError: a part is damaged.
        """
        keys = self._keys(part_ids.without_words, image_id)
        data = [self._get(key, image_id) for key in keys]
        stamp = hashlib.sha256(data[0]).digest()
        crop, embedding, local = (
            unpack_tensors(part, key) for part, key in zip(data, keys, strict=True)
        )
        try:
            if not (_stamped(embedding, stamp) and _stamped(local, stamp)):
                raise NotFound(self._missing(image_id, "do not belong together"))
            encoding = encoding_from(crop, embedding, local)
        except ValueError as error:
            raise _damaged(f"the stored features of picture {image_id}", error) from error
        read = self._words(part_ids, image_id)
        fitting = read is not None and _stamped(read, stamp)
        return replace(encoding, words=words_from(read)) if read and fitting else encoding

    def embedding(self, part_ids: PartIds, image_id: str) -> NDArray[np.float32]:
        """Return the (D,) float32 embedding alone.

        Raises:
            NotFound: it is missing.
            CatalogError: it is damaged.
        """
        key = self._keys(part_ids, image_id)[1]
        tensors = unpack_tensors(self._get(key, image_id), key)
        try:
            return get_tensor(tensors, "embedding", np.float32)
        except ValueError as error:
            raise _damaged(key, error) from error

    def local(self, part_ids: PartIds, image_id: str) -> CompactFeatures:
        """Return the keypoints alone.

        Raises:
            NotFound: they are missing.
            CatalogError: they are damaged.
        """
        key = self._keys(part_ids, image_id)[2]
        tensors = unpack_tensors(self._get(key, image_id), key)
        try:
            return _local_from(tensors)
        except ValueError as error:
            raise _damaged(key, error) from error

    def words(self, part_ids: PartIds, image_id: str) -> tuple[PrintedWord, ...]:
        """Return the printed words alone; none where they are missing or were not read.

        Raises:
            CatalogError: they are damaged.
        """
        read = self._words(part_ids, image_id)
        return () if read is None else words_from(read) or ()

    def _words(self, part_ids: PartIds, image_id: str) -> Tensors | None:
        if not part_ids.words:
            return None
        key = self._keys(part_ids, image_id)[-1]
        try:
            return unpack_tensors(self._storage.get(key), key)
        except NotFound:
            return None

    def save_words(self, part_ids: PartIds, image_id: str, words: tuple[PrintedWord, ...]) -> None:
        """Write the printed words of a picture whose other parts are there.

        Raises:
            NotFound: they are not.
            StorageUnavailable: the storage refused.
        """
        keys = self._keys(part_ids, image_id)
        stamp = _stamp_of(self._get(keys[0], image_id))
        self._storage.put(keys[-1], pack_tensors({**_word_tensors(words), "crop": stamp}))

    def save(self, part_ids: PartIds, image_id: str, encoding: Encoding) -> None:
        """Write all parts, so that they belong together whoever else writes the same picture.

        Raises:
            Conflict: others kept writing the same picture.
            StorageUnavailable: the storage refused.
        """
        crop = pack_tensors(_crop_tensors(encoding.crop))
        stamp = _stamp_of(crop)
        embedding = pack_tensors({"embedding": encoding.embedding, "crop": stamp})
        local = pack_tensors({**_local_tensors(encoding.local), "crop": stamp})
        parts = [crop, embedding, local]
        if encoding.words is None:
            part_ids = part_ids.without_words
        elif part_ids.words:
            parts.append(pack_tensors({**_word_tensors(encoding.words), "crop": stamp}))
        objects = dict(zip(self._keys(part_ids, image_id), parts, strict=True))
        for _ in range(_WRITE_ATTEMPTS):
            for key, data in objects.items():
                self._storage.put(key, data)
            if self._fit_together(part_ids, image_id):
                return
        raise Conflict(f"picture {image_id} is being added by other processes too; try again")

    def _fit_together(self, part_ids: PartIds, image_id: str) -> bool:
        try:
            self.load(part_ids, image_id)
        except NotFound:
            return False
        return True

    def _get(self, key: str, image_id: str) -> bytes:
        try:
            return self._storage.get(key)
        except NotFound as error:
            raise NotFound(self._missing(image_id, "are missing")) from error

    def _missing(self, image_id: str, how: str) -> str:
        return (
            f"the features of picture {image_id} {how}; encode the catalog again with: "
            f"skulens catalog model {self._catalog} --switch"
        )

    def _keys(self, part_ids: PartIds, image_id: str) -> tuple[str, ...]:
        return tuple(
            f"{self._catalog}/features/{folder}/{image_id}.safetensors"
            for folder in part_ids.folders
        )


def check_encoding(encoding: Encoding, name: str) -> None:
    """Refuse an encoding that breaks its contract.

    Raises:
        Invalid: wrong shapes or types, no unit length, or over the budget.
    """
    size = sum(tensor.nbytes for tensor in _local_tensors(encoding.local).values())
    if size > LOCAL_BUDGET_BYTES:
        raise Invalid(
            f"the keypoints of {name} take {size:,} bytes and the budget is "
            f"{LOCAL_BUDGET_BYTES:,}; make the encoder keep fewer"
        )
    for tensor, kind, shape, what in _contract(encoding):
        fits = tensor.dtype == kind and len(tensor.shape) == len(shape)
        if not fits or any(n not in (-1, m) for n, m in zip(shape, tensor.shape, strict=True)):
            raise Invalid(
                f"the encoder made {what} of {name} as {tensor.shape} {tensor.dtype}, "
                f"not {shape} {np.dtype(kind)}"
            )
    words = encoding.words or ()
    if len(words) > MOST_WORDS_OF_PICTURE or any(
        not 0 < len(word.text) <= LONGEST_WORD_CHARACTERS for word in words
    ):
        raise Invalid(
            f"the encoder read too much on {name}: {len(words)} words, {MOST_WORDS_OF_PICTURE} of "
            f"{LONGEST_WORD_CHARACTERS} letters at most"
        )
    length = float(np.linalg.norm(encoding.embedding))
    if not abs(length - 1.0) < _UNIT_TOLERANCE:
        raise Invalid(f"the encoder made an embedding of {name} with length {length:.4f}, not 1")


def _contract(
    encoding: Encoding,
) -> tuple[tuple[NDArray[np.generic], DTypeLike, tuple[int, ...], str], ...]:
    crop, local = encoding.crop, encoding.local
    count = len(local.points)
    return (
        (crop.outline, np.float32, (4, 2), "an outline"),
        (crop.to_picture, np.float64, (3, 3), "a homography"),
        (crop.jpeg, np.uint8, (-1,), "a crop"),
        (crop.mask, np.bool_, (-1, -1), "a mask"),
        (encoding.embedding, np.float32, (-1,), "an embedding"),
        (local.points, np.uint16, (-1, 2), "keypoints"),
        (local.scales, np.uint8, (count,), "scales"),
        (local.angles, np.uint8, (count,), "angles"),
        (local.codes, np.uint8, (count, -1), "descriptors"),
    )


def encoding_tensors(encoding: Encoding) -> Tensors:
    """Return the arrays of all parts by name."""
    crop, local = encoding.crop, encoding.local
    parts = {**_crop_tensors(crop), "embedding": encoding.embedding, **_local_tensors(local)}
    return parts if encoding.words is None else {**parts, **_word_tensors(encoding.words)}


def encoding_from(
    crop: Tensors, embedding: Tensors, local: Tensors, words: Tensors | None = None
) -> Encoding:
    """Return the encoding of these parts' arrays.

    Raises:
        ValueError: an array is missing or of another type.
    """
    width, height = (int(side) for side in get_tensor(crop, "size", np.int32))
    return Encoding(
        ReferenceCrop(
            outline=get_tensor(crop, "outline", np.float32),
            width=width,
            height=height,
            to_picture=get_tensor(crop, "to_picture", np.float64),
            jpeg=get_tensor(crop, "jpeg", np.uint8),
            mask=get_tensor(crop, "mask", np.bool_),
            kept=_kept_from(crop),
        ),
        get_tensor(embedding, "embedding", np.float32),
        _local_from(local),
        words=None if words is None else words_from(words),
    )


def _local_from(local: Tensors) -> CompactFeatures:
    return CompactFeatures(
        points=get_tensor(local, "points", np.uint16),
        scales=get_tensor(local, "scales", np.uint8),
        angles=get_tensor(local, "angles", np.uint8),
        codes=get_tensor(local, "codes", np.uint8),
    )


def _crop_tensors(crop: ReferenceCrop) -> Tensors:
    return {
        "outline": crop.outline,
        "size": np.array([crop.width, crop.height], np.int32),
        "to_picture": crop.to_picture,
        "jpeg": crop.jpeg,
        "mask": crop.mask,
        **_kept_tensors(crop.kept),
    }


def _kept_tensors(kept: ReferenceCut | None) -> Tensors:
    if kept is None:
        return {}
    words = f"{kept.kind} {kept.by}".encode()
    return {
        "kept": np.frombuffer(words, np.uint8),
        "kept_share": np.array([kept.share], np.float32),
    }


def _kept_from(crop: Tensors) -> ReferenceCut | None:
    """Return how the product was told from the rest; None in a crop of an earlier version.

    Raises:
        ValueError: it says something that no version wrote.
    """
    if "kept" not in crop:
        return None
    kind, _, by = get_tensor(crop, "kept", np.uint8).tobytes().decode("ascii").partition(" ")
    share = float(get_tensor(crop, "kept_share", np.float32)[0])
    return ReferenceCut(ReferenceKind(kind), KeptBy(by), share)


def _local_tensors(local: CompactFeatures) -> Tensors:
    return {
        "points": local.points,
        "scales": local.scales,
        "angles": local.angles,
        "codes": local.codes,
    }


def _word_tensors(words: tuple[PrintedWord, ...]) -> Tensors:
    texts = "\n".join(word.text for word in words).encode()
    outlines = [word.outline for word in words]
    return {
        "texts": np.frombuffer(texts, np.uint8),
        "confidences": np.array([word.confidence for word in words], np.float32),
        "outlines": np.array(outlines, np.float32).reshape(-1, 4, 2),
    }


def words_from(tensors: Tensors) -> tuple[PrintedWord, ...] | None:
    """Return printed words; None where there is nothing of them.

    Raises:
        CatalogError: they are damaged.
    """
    if "texts" not in tensors:
        return None
    try:
        outlines = get_tensor(tensors, "outlines", np.float32)
        confidences = get_tensor(tensors, "confidences", np.float32)
        texts = get_tensor(tensors, "texts", np.uint8).tobytes().decode()
        words = zip(texts.split("\n") if texts else (), confidences, outlines, strict=True)
        return tuple(PrintedWord(text, float(sure), place) for text, sure, place in words)
    except ValueError as error:
        raise _damaged("what was read on a picture", error) from error


def pack_tensors(tensors: Tensors) -> bytes:
    """Return arrays as one safetensors object."""
    return save_tensors({name: np.ascontiguousarray(array) for name, array in tensors.items()})


def unpack_tensors(data: bytes, where: str) -> Tensors:
    """Return the arrays of a safetensors object, read-only.

    Raises:
        CatalogError: it is damaged; the message names `where`.
    """
    try:
        tensors = load_tensors(data)
    except (SafetensorError, ValueError) as error:
        raise _damaged(where, error) from error
    for array in tensors.values():
        array.setflags(write=False)
    return tensors


def get_tensor(tensors: Tensors, name: str, kind: type[ScalarT]) -> NDArray[ScalarT]:
    """Return one of the arrays.

    Raises:
        ValueError: it is missing or of another type.
    """
    array = tensors.get(name)
    if array is None or array.dtype != kind:
        raise ValueError(f"no {name} of type {np.dtype(kind)} in it")
    return array.astype(kind, copy=False)


def _stamp_of(crop: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(hashlib.sha256(crop).digest(), np.uint8)


def _stamped(tensors: Tensors, stamp: bytes) -> bool:
    return get_tensor(tensors, "crop", np.uint8).tobytes() == stamp


def _damaged(where: str, error: Exception) -> CatalogError:
    return CatalogError(f"{where} is damaged ({error}); encode the catalog again")
