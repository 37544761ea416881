"""Drawn products, photos of them whose truth is known, and a catalog in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from catalog.encodings.encoding import Encoding, PartIds
from catalog.records.calibration import Calibration
from catalog.records.product import Product, ReferenceImage
from catalog.search.keypoints.keypoint_index import KeypointIndex
from catalog.search.keypoints.votes import ImageVote
from catalog.search.vector_index import ImageReference, Neighbour
from matcher.decision.decision import Decision
from matcher.decision.fit import read_weights
from matcher.imaging.box import Box
from matcher.keypoints.codebook import CodebookCoder, read_codebook
from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from matcher.keypoints.rootsift import RootSift, read_basis
from matcher.pipeline import Pipeline, PipelineSettings, Stages
from matcher.results import Detection
from matcher.retrieval.encoder import ReferenceEncoder, reference_encoder
from matcher.retrieval.reference import Reference, ReferenceCache, load_reference
from matcher.retrieval.shortlist import Shortlist, Shortlister, ShortlistSettings
from matcher.retrieval.untrained import ColourEmbedder
from matcher.verification.comparator import PlainComparator
from matcher.verification.twin_test import TwinTest
from matcher.verification.verifier import Verifier

WEIGHTS = Path(__file__).parents[2] / "weights"
WORDS = ("oat", "rice", "tea", "soap", "milk", "corn", "plum", "salt", "bean", "kiwi", "lime")

Image = NDArray[np.uint8]
Corners = NDArray[np.float32]


@lru_cache(maxsize=64)
def printed(seed: int, width: int = 240, height: int = 320) -> Image:
    """A box front of rectangles and words, another one for each seed; not to be written to."""
    generator = np.random.default_rng(seed)
    image = np.full((height, width, 3), generator.integers(60, 200, 3), np.uint8)
    for _ in range(36):
        left, top = generator.integers(0, width), generator.integers(0, height)
        right, bottom = left + generator.integers(10, 60), top + generator.integers(10, 60)
        colour = tuple(generator.integers(0, 255, 3).tolist())
        cv2.rectangle(image, (int(left), int(top)), (int(right), int(bottom)), colour, -1)
    for _ in range(14):
        place = (int(generator.integers(-10, width - 60)), int(generator.integers(15, height)))
        colour = tuple(generator.integers(0, 255, 3).tolist())
        word = WORDS[generator.integers(len(WORDS))] + str(generator.integers(100))
        size = float(generator.uniform(0.5, 1.2))
        cv2.putText(image, word, place, cv2.FONT_HERSHEY_DUPLEX, size, colour, 2, cv2.LINE_AA)
    image.setflags(write=False)
    return image


def flat(width: int = 200, height: int = 150, level: int = 128) -> Image:
    """A picture of one grey."""
    return np.full((height, width, 3), level, np.uint8)


def clutter(seed: int, width: int, height: int) -> Image:
    """A soft, coloured background that resembles no product."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(40, 220, (5, 7, 3), np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.uint8)


def upright(left: float, top: float, width: float, height: float) -> Corners:
    """Corners of a box, clockwise from the top left."""
    right, bottom = left + width, top + height
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def pasted(scene: Image, product: Image, corners: Corners) -> Image:
    """The scene with the product seen at four corners."""
    height, width = product.shape[:2]
    source = upright(0, 0, width, height)
    homography = cv2.getPerspectiveTransform(source, corners.astype(np.float32))
    size = (scene.shape[1], scene.shape[0])
    shrink = np.sqrt(width * height / max(cv2.contourArea(corners.astype(np.float32)), 1.0))
    soft = cv2.GaussianBlur(product, (0, 0), 0.4 * shrink) if shrink > 1.2 else product
    warped = cv2.warpPerspective(soft, homography, size)
    mask = cv2.warpPerspective(np.full((height, width), 255, np.uint8), homography, size)
    return np.where(mask[..., None] > 127, warped, scene).astype(np.uint8)


def photographed(product: Image, corners: Corners, width: int = 640, height: int = 480) -> Image:
    """A photo of one product before clutter."""
    return pasted(clutter(5, width, height), product, corners)


def held_up(product: Image) -> Image:
    """A photo of one product in the middle, a little turned."""
    corners = np.array([[210, 70], [430, 90], [420, 400], [190, 380]], np.float32)
    return photographed(product, corners)


@lru_cache(maxsize=1)
def root_sift() -> RootSift:
    """The shipped front end."""
    return RootSift(read_basis(WEIGHTS / "rootsift.safetensors"))


@dataclass(frozen=True)
class FixedDetector:
    """Proposes what it was given, whatever it sees."""

    boxes: tuple[tuple[Box, float], ...] = ()

    def detect(self, image: Image) -> tuple[Detection, ...]:
        assert image.ndim == 3
        return tuple(Detection(box, confidence) for box, confidence in self.boxes)


def encoder(detector: FixedDetector | None = None) -> ReferenceEncoder:
    """The shipped front end with an embedder that needs no training."""
    return reference_encoder(root_sift(), ColourEmbedder(), detector or FixedDetector())


def reference_of(picture: Image, product_id: str = "product", image_id: str = "") -> Reference:
    """A reference picture that the product fills, as the verifier gets it."""
    encoding = encoder().encode(picture, ())
    return load_reference(root_sift(), product_id, image_id or product_id, encoding)


class MemoryCatalog:
    """A searchable catalog of encodings that never touches a disk."""

    def __init__(self, pictures: Mapping[str, Sequence[Image]]) -> None:
        self.name = "memory"
        self.index_version = 7
        self.products: dict[str, Product] = {}
        self.calibrations: dict[str, Calibration] = {}
        self._encodings: dict[str, Encoding] = {}
        maker = encoder()
        for product_id, several in pictures.items():
            images: list[ReferenceImage] = []
            for number, picture in enumerate(several):
                image_id = f"{product_id}-{number}"
                known = tuple(self._encodings[image.image_id] for image in images)
                self._encodings[image_id] = maker.encode(picture, known)
                images.append(ReferenceImage(image_id, "png", 240, 320, image_id, ""))
            self.products[product_id] = Product(product_id, product_id, images=tuple(images))

    @property
    def part_ids(self) -> PartIds:
        return PartIds("crop", "embedding", "local")

    def encoding(self, encoding_id: str) -> Encoding:
        return self._encodings[encoding_id]

    def replace_encoding(self, encoding_id: str, encoding: Encoding) -> None:
        self._encodings[encoding_id] = encoding

    def shortlist(self, embedding: NDArray[np.float32], size: int) -> tuple[Neighbour, ...]:
        best = {
            product_id: max(
                float(self._encodings[image.image_id].embedding @ embedding)
                for image in product.images
            )
            for product_id, product in self.products.items()
        }
        ranked = sorted(best.items(), key=lambda item: -item[1])[:size]
        return tuple(Neighbour(product_id, "", similarity) for product_id, similarity in ranked)

    def votes(
        self, descriptors: NDArray[np.float32], size: int, without: Collection[str] = ()
    ) -> tuple[ImageVote, ...] | None:
        return self._keypoints.votes(descriptors, size, without)

    @cached_property
    def _keypoints(self) -> KeypointIndex:
        coder = keypoint_coder()
        references = [
            ImageReference(product.product_id, image.image_id)
            for product in self.products.values()
            for image in product.images
        ]
        described = [coder.descriptors(self.encoding(image.image_id).local) for image in references]
        return KeypointIndex.empty(coder.codebook).with_changes((), references, described)


@lru_cache(maxsize=1)
def keypoint_coder() -> CodebookCoder:
    """The shipped codebook of the shipped front end."""
    return CodebookCoder(root_sift(), read_codebook(WEIGHTS / "keypoint-codebook.safetensors"))


def pipeline(detector: FixedDetector | None = None, shortlist_size: int = 12) -> Pipeline:
    """The method with the shipped front end and calibration."""
    return Pipeline(stages(detector), PipelineSettings(shortlist_size=shortlist_size))


def stages(detector: FixedDetector | None = None) -> Stages:
    """The stages of that method."""
    references = ReferenceCache(root_sift())
    embedder = ColourEmbedder()
    return Stages(
        detector=detector or FixedDetector(),
        photo_detector=detector or FixedDetector(),
        embedder=embedder,
        front_end=root_sift(),
        references=references,
        shortlister=Shortlister(references),
        verifier=Verifier(NearestNeighbourMatcher(), TwinTest(), embedder, PlainComparator()),
        decision=Decision(read_weights(WEIGHTS / "decision.json"), 0.8),
    )


@lru_cache(maxsize=1)
def shop_of_twelve() -> MemoryCatalog:
    """More references than are all verified: products p0 to p11 of those seeds."""
    return MemoryCatalog({f"p{seed}": [printed(seed)] for seed in range(12)})


def shortlist_of(
    catalog: MemoryCatalog, picture: Image, size: int, settings: ShortlistSettings | None = None
) -> Shortlist:
    """The shortlist of a whole picture, with the shipped front end."""
    shortlister = Shortlister(ReferenceCache(root_sift()), settings or ShortlistSettings())
    features = root_sift().extract(picture, 800)
    return shortlister.shortlist(ColourEmbedder().embed([picture])[0], features, catalog, size)
