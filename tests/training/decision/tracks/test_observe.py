import numpy as np

from matcher.pipeline import Pipeline
from matcher.video.remembered import StageMemory, remember
from tests.matcher import prints
from training.augment.clip_of_photo import ClipLength
from training.decision.tracks.material import NearUnknown, TrackMaterial
from training.decision.tracks.observe import THRESHOLDS, TrackObserver

SHORT = ClipLength(0.5, 4.0)


def test_an_unknown_is_shown_as_a_photo_and_as_a_clip_at_every_threshold() -> None:
    photo = prints.held_up(prints.printed(3))
    material = TrackMaterial(unknowns=[
        NearUnknown(lambda: np.copy(photo), "three"),
        NearUnknown(lambda: np.copy(photo), "three", lacking="p3"),
    ])  # fmt: skip
    memory = StageMemory()
    judge = Pipeline(remember(prints.stages(), memory))
    done: list[tuple[int, int]] = []
    observer = TrackObserver(judge, memory, prints.shop_of_twelve(), length=SHORT)
    shown, lacked = observer.observe(material, lambda *counts: done.append(counts))
    assert done == [(1, 2), (2, 2)]
    assert (shown.group, tuple(shown.clip)) == ("three", THRESHOLDS)
    assert shown.photo > 2 > lacked.photo
    for threshold in THRESHOLDS:
        assert any(standing.product_id == "p3" for standing in shown.clip[threshold])
        assert all(standing.product_id != "p3" for standing in lacked.clip[threshold])
    assert len(memory) == 0
