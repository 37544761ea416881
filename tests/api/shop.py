"""A command line around stand-ins: real catalogs, settings and files, no networks."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from api.cli.main import main
from api.services import PhotoFinder, Searcher
from api.settings import Settings
from catalog.errors import NotFound
from catalog.registry import Catalogs
from catalog.snapshot import Catalog
from catalog.storage.folder import FolderStorage
from matcher.decision.decision import Decision, DecisionWeights
from matcher.decision.explain import Explanation, Gate
from matcher.imaging.box import Box
from matcher.results import (
    Candidate,
    Detection,
    Identification,
    KnownPrint,
    Match,
    StageTimes,
    Verdict,
    Verification,
)
from matcher.retrieval.search import PictureSearch
from matcher.retrieval.shortlist import SearchableCatalog
from tests.api.models.crop_tools import FakeCropTools
from tests.catalog.support.fakes import FakeEncoder, embedding_of

if TYPE_CHECKING:
    from api.models.crops import CropTools
    from api.models.finetuning import CatalogFinetuner
    from api.models.loading import Models


NETWORKS = "1"
JUDGE = "colours"


class ColourFinder:
    """Names the product whose reference has the most similar colours, if that is very similar."""

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        height, width = image.shape[:2]
        return (Detection(Box(0, 0, width, height), 0.9),)

    def match(
        self,
        image: NDArray[np.uint8],
        detections: Sequence[Detection],
        catalog: Catalog,
        known: Sequence[KnownPrint] = (),  # noqa: ARG002
    ) -> tuple[Match, ...]:
        return tuple(self._match(image, detection, catalog) for detection in detections)

    def survey(
        self,
        image: NDArray[np.uint8],
        catalog: Catalog,
        known: Sequence[KnownPrint] = (),  # noqa: ARG002
    ) -> Identification:
        return self.identify(image, catalog)

    def identify(
        self, image: NDArray[np.uint8], catalog: Catalog, *, whole_image: bool = False
    ) -> Identification:
        matches = self.match(image, self.detect(image), catalog)[: 1 if whole_image else None]
        return Identification(matches, catalog.index_version, StageTimes(1, 2, 0, 3, 4, 10))

    def explain(self, image: NDArray[np.uint8], catalog: Catalog, product_id: str) -> Explanation:
        match = self._match(image, self.detect(image)[0], catalog)
        seen = match.product_id == product_id
        result = "seen" if seen else "another product has these colours"
        gates = (
            Gate("detector", True, 1.0, 0.3, "the whole picture"),
            Gate("decision", seen, match.probability, 0.5, result),
        )
        return Explanation(product_id, gates, match)

    def _match(self, image: NDArray[np.uint8], seen: Detection, catalog: Catalog) -> Match:
        near = catalog.shortlist(embedding_of(image), 2)
        if not near:
            return Match(seen, Verdict.UNKNOWN, None, 0.0, None, ())
        best, is_alike = near[0], near[0].similarity > 0.99
        candidates = tuple(
            Candidate(
                candidate.product_id,
                candidate.similarity,
                0.98 if candidate is best and is_alike else 0.0,
            )
            for candidate in near
        )
        if not is_alike:
            return Match(seen, Verdict.UNKNOWN, best.product_id, 0.01, None, candidates)
        return Match(
            seen, Verdict.IDENTICAL, best.product_id, 0.98, _proof(best, seen.box), candidates
        )


def _proof(best: Any, box: Box) -> Verification:
    corners = [
        (box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom),
    ]  # fmt: skip
    return Verification(
        product_id=best.product_id,
        image_id=best.image_id,
        inliers=57,
        correspondences=np.zeros((0, 4), np.float32),
        outline=np.array(corners, np.float32),
        coverage=0.61,
        agreement=0.83,
    )


class ColourJudge:
    """Stand-in for a calibration's recogniser: the more alike the colours, the more probable."""

    def decision(self, catalog: SearchableCatalog) -> Decision:
        shipped = DecisionWeights(0, 0, 0, 0, 0, 0, 0, 0, unknown_share=0.5)
        return Decision(shipped, 0.8, model_id=JUDGE).with_calibrations(catalog.calibrations)

    def find(self, image: NDArray[np.uint8], catalog: SearchableCatalog) -> tuple[Match, ...]:
        near = catalog.shortlist(embedding_of(image), 1)
        if not near:
            return ()
        height, width = image.shape[:2]
        box = Box(0, 0, width, height)
        probability = self.decision(catalog).answer(min(max(near[0].similarity, 0.001), 0.999))
        proof = Verification(
            near[0].product_id, "", 9, np.zeros((0, 4), np.float32), np.zeros((0, 2), np.float32),
            0.5, 0.5,
        )  # fmt: skip
        seen = Detection(box, 0.9)
        return (Match(seen, Verdict.SIMILAR, near[0].product_id, probability, proof, ()),)


class _ColourEmbedder:
    part_id, multi_crop_from = "colour", 1.0

    def embed(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return np.stack([embedding_of(image) for image in images])


class FakeServices:
    """Implements `api.services.Services`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._catalogs = Catalogs(
            FolderStorage(settings.storage, durable=False), FakeEncoder(NETWORKS)
        )

    @property
    def settings(self) -> Settings:
        return self._settings

    @property
    def catalogs(self) -> Catalogs:
        return self._catalogs

    @property
    def finder(self) -> PhotoFinder:
        return ColourFinder()

    def finetuner(self, catalog: str) -> "CatalogFinetuner":
        raise NotImplementedError

    def recogniser(self, catalog: Catalog) -> "ColourJudge":
        assert catalog.name
        return ColourJudge()

    def fetch(self, address: str) -> bytes:
        raise NotFound(f"there is no {address}")

    @property
    def searcher(self) -> Searcher:
        return PictureSearch(_ColourEmbedder(), ColourFinder())

    @cached_property
    def crops(self) -> "CropTools":
        return cast("CropTools", FakeCropTools())

    @property
    def models(self) -> "Models":
        raise NotImplementedError


@contextmanager
def build_fakes(settings: Settings) -> Iterator[FakeServices]:
    yield FakeServices(settings)


@dataclass(frozen=True)
class CommandResult:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """Standard output as JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def sentence(self) -> str:
        """The one sentence on standard error."""
        (line,) = self.err.splitlines()
        assert line.startswith("skulens: ")
        return line.removeprefix("skulens: ")


class Shop:
    """A folder of its own with a command line in it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def run(self, *arguments: object) -> CommandResult:
        """Run `skulens` with these arguments."""
        self._capsys.readouterr()
        code = main([os.fspath(a) if isinstance(a, Path) else str(a) for a in arguments],
                    build=build_fakes)  # fmt: skip
        result = self._capsys.readouterr()
        assert "Traceback" not in result.err
        return CommandResult(code, result.out, result.err)

    def run_ok(self, *arguments: object) -> CommandResult:
        """Run `skulens`, which must succeed."""
        result = self.run(*arguments)
        assert result.code == 0, result.err
        return result

    def products(self, catalog: str = "shop") -> list[str]:
        """Ids of the products in a catalog, which must be whole."""
        return [
            product["product_id"]
            for product in self.run_ok("product", "list", catalog, "--json").lines
        ]
