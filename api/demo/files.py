"""Files of the demo: what came with skulens, and what a run writes."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Written by `skulens demo --render`: clip, truth and pictures of one run.
SHIPPED: Final = Path(__file__).parent / "shop"
# The product in the film that no catalog here holds, with its name for people.
STRANGER: Final = ("zumbari-hoops", "Zumbari jungle hoops")
PRODUCTS: Final = "products.jsonl"


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """Paths of everything that the demo reads and writes.

    Attributes:
        pictures: folder of the catalog pictures, one folder per product, with their manifest.
        clip: the film.
        truth: JSON of every product's outline in every frame.
        storage: folder that holds the catalog.
        events: the answers, JSON Lines.
        annotated: the film with everything drawn.
        report: a page to open in a browser.
    """

    pictures: Path
    clip: Path
    truth: Path
    storage: Path
    events: Path
    annotated: Path
    report: Path

    @classmethod
    def inside(cls, out: Path) -> "DemoFiles":
        """Return the usual names in a folder."""
        return cls(
            pictures=out / "pictures",
            clip=out / "clip.mp4",
            truth=out / "truth.json",
            storage=out / "data",
            events=out / "events.jsonl",
            annotated=out / "annotated.mp4",
            report=out / "report.html",
        )


def copy_shipped(files: DemoFiles) -> None:
    """Copy pictures, film and truth that came with skulens; replaces older ones.

    Raises:
        OSError: the disk refused.
    """
    shipped = DemoFiles.inside(SHIPPED)
    shutil.copytree(shipped.pictures, files.pictures, dirs_exist_ok=True)
    shutil.copyfile(shipped.clip, files.clip)
    shutil.copyfile(shipped.truth, files.truth)


def read_names(pictures: Path) -> dict[str, str]:
    """Return names for people by product id, that of the stranger included."""
    lines = (pictures / PRODUCTS).read_text(encoding="utf-8").splitlines()
    products = map(json.loads, lines)
    return {product["product_id"]: product["name"] for product in products} | dict([STRANGER])
