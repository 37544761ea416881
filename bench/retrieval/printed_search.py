"""Products without a name, found by a word that is printed large on them; labelled by eye."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.table import Figures, Table

LABELS: Final = Path(__file__).parents[1] / "labels" / "printed_words.json"
FIRST: Final = 5  # hits among which the product must be

Search = Callable[[str], Sequence[str]]
"""Returns the ids of the products that a text finds, best first."""


@dataclass(frozen=True, slots=True)
class PrintedLabel:
    """A word that a person sees large on a product.

    Attributes:
        picture: path below the folder of real pictures.
        word: in lower case.
    """

    picture: str
    word: str

    @property
    def product_id(self) -> str:
        """Says nothing of what is printed."""
        return product_id_of(Path(self.picture))


@dataclass(frozen=True, slots=True)
class PrintedFigures(Figures):
    """How often the product was found.

    Attributes:
        found: share of the words whose product is among the first five.
        without: the same where nothing printed is read.
        labels: words.
        products: in the catalog.
        missed: words that did not find their product.
    """

    found: float
    without: float
    labels: int
    products: int
    missed: tuple[str, ...]

    def table(self) -> Table:
        """For people."""
        return Table(
            f"Products without a name, {self.products} of them, by a word printed large on them",
            ("", f"in the first {FIRST}"),
            (("words read", f"{self.found:.3f}"), ("nothing read", f"{self.without:.3f}")),
            (f"{self.labels} words by eye; missed: {', '.join(self.missed) or 'none'}",),
        )


def product_id_of(picture: Path) -> str:
    """Return a product id that says nothing of what is printed: a number of the path."""
    return f"item-{sum(ord(letter) * (31 + place) for place, letter in enumerate(str(picture)))}"


def pictures_beside(labels: Sequence[PrintedLabel], shared: Path) -> Mapping[str, Path]:
    """Return the labelled pictures and all catalog pictures beside them, by product id."""
    folders = {(shared / label.picture).parent for label in labels}
    beside = {path for folder in folders for path in folder.glob("*.jpg")}
    pictures = sorted(beside | set((shared / "grocery" / "catalog").glob("*/*.jpg")))
    return {product_id_of(path.relative_to(shared)): path for path in pictures}


def measure_printed_search(
    labels: Sequence[PrintedLabel], products: int, search: Search, without: Search
) -> PrintedFigures:
    """Search for each word.

    Args:
        labels: the words.
        products: in the catalog.
        search: where what is printed was read.
        without: where nothing was.
    """
    missed = tuple(label.word for label in labels if not _finds(search, label))
    blind = sum(_finds(without, label) for label in labels)
    found = 1 - len(missed) / len(labels)
    return PrintedFigures(found, blind / len(labels), len(labels), products, missed)


def _finds(search: Search, label: PrintedLabel) -> bool:
    return label.product_id in search(label.word)[:FIRST]
