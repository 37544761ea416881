"""Recognition on photos: skulens end to end, on whole pictures, and the classical baseline."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.progress import Progress, silent
from bench.recognition import score as scoring
from bench.recognition.baseline import Baseline, BaselineAnswer
from bench.recognition.dataset import Dataset, PhotoQuery, load_picture
from bench.recognition.identifier import IdentifierBuilder, PhotoIdentifier
from bench.recognition.score import Answer, Score, ScoredDetection
from bench.table import Table
from matcher.results import Identification, Match, Verdict

HALF_INLIERS: Final = 15.0  # of the baseline, at which its "probability" is one half
MAX_WORKERS: Final = 2


@dataclass(frozen=True, slots=True)
class RecognitionOptions:
    """Photos and methods to measure.

    Attributes:
        limit: at most that many photos, each product in its share; None means all.
        seed: of that choice and of the bootstrap.
        workers: pictures answered at a time, 1 or 2; times per picture are fair only with 1.
        whole_image: also measure without the detector.
        baseline: also measure RootSIFT against every reference.
        draws: of the bootstrap.
    """

    limit: int | None = None
    seed: int = 0
    workers: int = 1
    whole_image: bool = True
    baseline: bool = True
    draws: int = scoring.BOOTSTRAP_DRAWS

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: a number is out of its range.
        """
        if not 1 <= self.workers <= MAX_WORKERS:
            raise ValueError(f"workers must be 1 to {MAX_WORKERS}, got {self.workers}")
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"limit must be at least 1, got {self.limit}")


@dataclass(frozen=True, slots=True)
class CornerError:
    """How far outlines are off where corners are labelled.

    Attributes:
        pictures: photos named right with an outline, of those with labelled corners.
        labelled: photos with labelled corners.
        median: mean distance of the four corners in shares of the photo's diagonal, median over
            all labelled photos; one without a right name and an outline counts as infinite.
        p90: 90th percentile of the same.
    """

    pictures: int
    labelled: int
    median: float
    p90: float


@dataclass(frozen=True, slots=True)
class MethodResult:
    """One method on one data set.

    Attributes:
        method: `skulens`, `skulens --whole-image` or `baseline`.
        score: of all pictures.
        groups: of the pictures of one group, those of products together with all unknown ones.
        corners: None where no corners are labelled.
        answers: by picture, in the data set's order.
        outlines: of the products that they name, in the same order: (4, 2) float64 or (0, 2).
    """

    method: str
    score: Score
    groups: Mapping[str, Score]
    corners: CornerError | None
    answers: tuple[Answer, ...]
    outlines: tuple[NDArray[np.float64], ...] = ()


@dataclass(frozen=True, slots=True)
class RecognitionResult:
    """All methods on one data set, measured in the same run.

    Attributes:
        dataset: its name.
        products: in the catalog.
        references: pictures in the catalog.
        preparation_s: seconds to build the catalog, by method.
        methods: the headline first.
    """

    dataset: str
    products: int
    references: int
    preparation_s: Mapping[str, float]
    methods: tuple[MethodResult, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain values, without the single answers."""
        return {
            "dataset": self.dataset,
            "products": self.products,
            "references": self.references,
            "preparation_s": dict(self.preparation_s),
            "methods": [
                {
                    "method": method.method,
                    **method.score.to_json(),
                    "groups": {name: part.to_json() for name, part in method.groups.items()},
                    "corners": None if method.corners is None else asdict(method.corners),
                }
                for method in self.methods
            ],
        }

    def table(self) -> Table:
        """One row per method, and one per method and group."""
        rows = []
        for method in self.methods:
            rows.append(_row(method.method, method.score, method.corners))
            rows += [_row(f"  {name}", part, None) for name, part in method.groups.items()]
        total = self.methods[0].score
        title = (
            f"{self.dataset}: {self.products} products, {self.references} references, "
            f"{total.known} photos of them, {total.unknown} of unknowns"
        )
        return Table(title, _COLUMNS, tuple(rows), _NOTES)


def measure_recognition(
    dataset: Dataset,
    build: IdentifierBuilder,
    options: RecognitionOptions,
    on_progress: Progress = silent,
) -> RecognitionResult:
    """Answer every photo with every method and score the answers.

    Raises:
        catalog.errors.PictureError: a picture cannot be read.
    """
    chosen = dataset.subset(options.limit, options.seed)
    preparation: dict[str, float] = {}
    results = []
    for method, prepare in _methods(dataset, build, options):
        started = time.perf_counter()
        respond = prepare()
        preparation[method] = time.perf_counter() - started
        responses = _respond_all(chosen.queries, respond, options.workers, method, on_progress)
        results.append(_result(method, chosen.queries, responses, options))
    references = dataset.references()
    return RecognitionResult(
        dataset.name,
        len(references),
        sum(len(pictures) for pictures in references.values()),
        preparation,
        tuple(results),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Response:
    """Detections of a method in a picture, and the outline of the product that it named."""

    detections: tuple[ScoredDetection, ...]
    outline: NDArray[np.float64]
    diagonal: float
    elapsed_ms: float


_Respond = Callable[[NDArray[np.uint8]], tuple[tuple[ScoredDetection, ...], NDArray[np.float64]]]


def _methods(
    dataset: Dataset, build: IdentifierBuilder, options: RecognitionOptions
) -> Iterator[tuple[str, Callable[[], _Respond]]]:
    recognisers: list[PhotoIdentifier] = []

    def end_to_end() -> _Respond:
        recognisers.append(build(dataset.catalog))
        return lambda image: _answer_of_method(recognisers[0].identify(image))

    def whole() -> _Respond:
        return lambda image: _answer_of_method(recognisers[0].identify(image, whole_image=True))

    def classical() -> _Respond:
        references = dataset.references()
        baseline = Baseline(
            {
                product: [load_picture(path) for path in paths]
                for product, paths in references.items()
            }
        )
        return lambda image: _answer_of_baseline(baseline.answer(image))

    yield "skulens", end_to_end
    if options.whole_image:
        yield "skulens --whole-image", whole
    if options.baseline:
        yield "baseline", classical


def _respond_all(
    queries: Sequence[PhotoQuery],
    respond: _Respond,
    workers: int,
    method: str,
    on_progress: Progress,
) -> list[_Response]:
    def one(query: PhotoQuery) -> _Response:
        image = load_picture(query.path)
        started = time.perf_counter()
        detections, outline = respond(image)
        elapsed_ms = 1000 * (time.perf_counter() - started)
        return _Response(detections, outline, float(np.hypot(*image.shape[:2])), elapsed_ms)

    on_progress(method, 0, len(queries))
    responses = []
    with ThreadPoolExecutor(workers, thread_name_prefix="bench") as pool:
        for response in pool.map(one, queries):
            responses.append(response)
            on_progress(method, len(responses), len(queries))
    return responses


def _result(
    method: str,
    queries: Sequence[PhotoQuery],
    responses: Sequence[_Response],
    options: RecognitionOptions,
) -> MethodResult:
    answers = [
        scoring.choose_answer(query.truth, response.detections, response.elapsed_ms, query.groups)
        for query, response in zip(queries, responses, strict=True)
    ]
    groups = sorted({group for answer in answers for group in answer.groups})
    return MethodResult(
        method,
        scoring.score_answers(answers, draws=options.draws, seed=options.seed),
        {
            name: scoring.score_answers(
                _group(answers, name), draws=options.draws, seed=options.seed
            )
            for name in groups
        },
        _corner_error(queries, answers, responses),
        tuple(answers),
        tuple(response.outline for response in responses),
    )


def _group(answers: Sequence[Answer], name: str) -> list[Answer]:
    """A group of products is scored among all unknowns, a group of unknowns alone."""
    members = [answer for answer in answers if name in answer.groups]
    if all(answer.truth is None for answer in members):
        return members
    return [answer for answer in answers if name in answer.groups or answer.truth is None]


def _corner_error(
    queries: Sequence[PhotoQuery], answers: Sequence[Answer], responses: Sequence[_Response]
) -> CornerError | None:
    """How well the outlines fit the labelled corners; None where there are none."""
    errors = []
    for query, answer, response in zip(queries, answers, responses, strict=True):
        if query.outline is None:
            continue
        if not answer.is_right or len(response.outline) == 0:
            errors.append(np.inf)
        else:
            errors.append(outline_distance(response.outline, query.outline) / response.diagonal)
    if not errors:
        return None
    found = int(np.isfinite(errors).sum())
    p90 = float(np.percentile(errors, 90, method="higher"))
    return CornerError(found, len(errors), float(np.percentile(errors, 50, method="higher")), p90)


def outline_distance(outline: NDArray[np.float64], truth: Sequence[tuple[float, float]]) -> float:
    """Mean distance of four corners in pixels, whichever of them is called the first."""
    corners = np.asarray(truth, np.float64)
    turns = [np.roll(outline, turn, axis=0) - corners for turn in range(4)]
    return float(min(np.linalg.norm(turn, axis=1).mean() for turn in turns))


def _answer_of_method(
    found: Identification,
) -> tuple[tuple[ScoredDetection, ...], NDArray[np.float64]]:
    detections = tuple(to_scored_detection(match) for match in found.matches)
    named = [match for match in found.matches if match.product_id is not None]
    best = max(named, key=lambda match: match.probability, default=None)
    if best is None or best.verification is None:
        return detections, np.zeros((0, 2))
    return detections, best.verification.outline.astype(np.float64)


def to_scored_detection(match: Match) -> ScoredDetection:
    """A detection as the scorer sees it."""
    return ScoredDetection(
        match.product_id,
        match.probability,
        match.verdict is Verdict.IDENTICAL,
        tuple((candidate.product_id, candidate.similarity) for candidate in match.candidates),
        tuple((item.product_id, item.ways) for item in match.candidates if item.ways),
    )


def _answer_of_baseline(
    answer: BaselineAnswer,
) -> tuple[tuple[ScoredDetection, ...], NDArray[np.float64]]:
    if answer.product_id is None:
        return (), answer.outline
    # The inlier count made a number in [0, 1]: it orders as the count does, and is no probability.
    probability = answer.inliers / (answer.inliers + HALF_INLIERS)
    return (
        ScoredDetection(answer.product_id, probability, answer.inliers >= HALF_INLIERS),
    ), answer.outline


_COLUMNS: Final = (
    "method",
    "top-1",
    "recall at 99 % precision",
    "nearest 5/10/20",
    "shortlisted (votes, embedding)",
    "ECE",
    "Brier",
    "identical: precision / recall / unknowns named",
    "median / p95 ms",
    "corners",
)
_NOTES: Final = (
    "In brackets: bootstrap 95 % interval over pictures.",
    "Nearest: the product is among so many by embedding; shortlisted: it was verified, in brackets "
    "by how many votes alone and embedding alone would have brought it there.",
    "The baseline's ECE and Brier score rate inliers / (inliers + 15), which is no probability.",
)


def _row(method: str, score: Score, corners: CornerError | None) -> tuple[str, ...]:
    shortlist = score.shortlist_recall
    return (
        method,
        str(score.top1) if score.known else "-",
        str(score.recall_at_p99) if score.known else "-",
        "-" if shortlist is None else " / ".join(f"{share:.3f}" for share in shortlist.values()),
        _shortlisted(score),
        str(score.ece),
        str(score.brier),
        f"{score.verdict_precision:.3f} / {score.verdict_recall:.3f} / {score.unknown_named}",
        f"{score.median_ms:.0f} / {score.p95_ms:.0f}",
        "-" if corners is None else f"{100 * corners.median:.2f} % of the diagonal",
    )


def _shortlisted(score: Score) -> str:
    if score.shortlisted is None:
        return "-"
    alone = ", ".join(f"{share:.3f}" for share in score.shortlisted_by.values())
    return f"{score.shortlisted:.3f} ({alone})"
