"""`skulens train embedder --catalog NAME`: our networks, adapted to somebody's own products."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from api.cli.output import Output

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from api.models.finetuning import CatalogFinetuner, KeptNetworks
    from api.models.finetuning_detector import CatalogDetectorFinetuner
    from training.finetune.detector import FinetunedDetector
    from training.finetune.embedder import FinetunedEmbedder

PLACES: Final = 400  # pictures of places at most; each is held in memory
MEANINGS: Final[Mapping[str, str]] = {
    "views_top1": "views of a product: it is the likest",
    "views_top5": "… among the five likest",
    "twins": "… liker than its nearest-looking other",
    "pictures_top1": "held-out pictures: the likest",
    "pictures_top5": "… among the five likest",
    "others_top1": "invented packages: the likest",
    "ap50": "scenes of the products: AP50",
    "recall": "… recall",
    "others_ap50": "scenes of invented packages: AP50",
    "photos_ap50": "labelled photos: AP50",
    "photos_recall": "… recall",
}


def read_places(folder: Path | None) -> "list[NDArray[np.uint8]]":
    """Read the pictures of places in a folder that somebody gives, if it is given."""
    from training.data.backgrounds import read_backgrounds

    return [] if folder is None else read_backgrounds(folder, PLACES)


def keep_embedder(
    output: Output,
    catalog: str,
    adapter: "CatalogFinetuner",
    adapted: "FinetunedEmbedder",
    *,
    switch: bool,
) -> None:
    """Encode the catalog by what was trained and switch, unless it became worse."""
    record = {"catalog": catalog, "before": dict(adapted.before), "after": dict(adapted.after)}
    if not adapted.is_better:
        output.line({**record, "better": False, "model_id": None, "index_version": None})
        output.show(Text(f"that is no gain: nothing is kept, catalog {catalog} answers as before"))
        return
    with output.stages() as on_stage:
        done = adapter.keep(adapted, switch=switch, on_stage=on_stage)
    kept = {"model_id": done.model_id, "index_version": done.index_version}
    output.line({**record, "better": True, **kept})
    output.show(Text(_done(catalog, done)))


def keep_detector(
    output: Output,
    catalog: str,
    out: Path,
    own: "CatalogDetectorFinetuner",
    adapted: "FinetunedDetector",
) -> None:
    """Write a weights folder with the detector, unless it became worse."""
    record = {"catalog": catalog, "before": dict(adapted.before), "after": dict(adapted.after)}
    if not adapted.is_better:
        output.line({**record, "better": False, "weights": None})
        output.show(Text("that is no gain: no weights are written"))
        return
    with output.working("writing the weights"):
        folder = own.write(adapted, out / "weights")
    output.line({**record, "better": True, "weights": str(folder)})
    output.show(Text(f"to use it, set SKULENS_WEIGHTS={folder}; no catalog has to be encoded anew"))


def figures_table(before: Mapping[str, float], after: Mapping[str, float]) -> Table:
    """Return a table of the figures before and after."""
    table = Table("Share of", "Before", "After", box=None, pad_edge=False)
    for name, was in before.items():
        table.add_row(Text(MEANINGS.get(name, name)), f"{was:.3f}", f"{after[name]:.3f}")
    return table


def _done(catalog: str, switched: "KeptNetworks") -> str:
    if switched.index_version is None:
        return (
            f"catalog {catalog} is encoded by networks {switched.model_id}, too; switch with: "
            f"skulens catalog model {catalog} --switch {switched.model_id}"
        )
    return (
        f"catalog {catalog} answers by networks {switched.model_id} from version "
        f"{switched.index_version} on; go back with: skulens catalog model {catalog} --rollback"
    )
