"""Photos of cartons that the catalog lacks, whose pack carries another word than an enrolled twin.

Labelled by eye, and read for evaluation only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from bench.progress import Progress, silent
from bench.recognition.dataset import load_picture
from bench.recognition.identifier import PhotoIdentifier
from bench.table import Figures, Table
from matcher.results import Identification, Verdict

LABELS: Final = Path(__file__).parents[1] / "labels" / "twin_words.json"


@dataclass(frozen=True, slots=True)
class TwinLabel:
    """A photo of a carton that the catalog lacks.

    Attributes:
        picture: path below the folder of real pictures.
        word: that the pack carries and its twin does not.
        twin: product in the catalog.
        beside: another product of the catalog that stands beside the pack, and may be named; empty
            for none.
    """

    picture: str
    word: str
    twin: str
    beside: str = ""


@dataclass(frozen=True, slots=True)
class TwinWordFigures(Figures):
    """How often such photos are named.

    Attributes:
        photos: labelled.
        named: share called identical to something, words read.
        named_without: the same, nothing read.
        read: share of the photos in which words were read.
        p50_ms: median of the photos in which words were read; 0 where nothing was read.
        wrong: photos that are named although words are read.
    """

    photos: int
    named: float
    named_without: float
    read: float
    p50_ms: float
    wrong: tuple[str, ...]

    def table(self) -> Table:
        """For people."""
        return Table(
            f"{self.photos} photos of cartons that a word tells from their twin in the catalog",
            ("", "named"),
            (("words read", f"{self.named:.3f}"), ("nothing read", f"{self.named_without:.3f}")),
            (
                f"words were read in {self.read:.2f} of the photos, {self.p50_ms:.0f} ms (median)",
                f"named: {', '.join(self.wrong) or 'none'}",
            ),
        )


def measure_twin_words(
    labels: Sequence[TwinLabel],
    shared: Path,
    reading: PhotoIdentifier,
    plain: PhotoIdentifier,
    on_progress: Progress = silent,
) -> TwinWordFigures:
    """Identify every photo with words and without.

    Args:
        labels: of the photos.
        shared: folder of real pictures.
        reading: reads words.
        plain: the same method without.
        on_progress: told of each photo.
    """
    wrong: list[str] = []
    times: list[float] = []
    without = 0
    for done, label in enumerate(labels):
        on_progress("twins", done, len(labels))
        photo = load_picture(shared / label.picture)
        answer = reading.identify(photo)
        if answer.elapsed.words:
            times.append(answer.elapsed.words)
        if is_named(answer, label.beside):
            wrong.append(Path(label.picture).name)
        without += is_named(plain.identify(photo), label.beside)
    count = len(labels)
    return TwinWordFigures(
        photos=count,
        named=len(wrong) / count,
        named_without=without / count,
        read=len(times) / count,
        p50_ms=median(times) if times else 0.0,
        wrong=tuple(wrong),
    )


def is_named(answer: Identification, beside: str = "") -> bool:
    """Return whether something in a photo is called identical to another than what is beside it."""
    return any(
        match.verdict is Verdict.IDENTICAL and match.product_id != beside
        for match in answer.matches
    )
