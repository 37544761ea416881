import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.crops.locate import CROP_KEYPOINTS, KeypointCache, find_keypoints, rank_pictures
from tests.matcher.crops.locate.scenes import scene


def test_the_picture_that_a_crop_is_from_ranks_first_with_kept_keypoints(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(4)]
    for path in paths:
        path.touch()
    read: list[Path] = []

    def decode(path: Path) -> NDArray[np.uint8]:
        read.append(path)
        return scene(int(path.stem))

    cache = KeypointCache(tmp_path / "kept")
    descriptors = []
    for _ in range(2):
        kept = [cache.keypoints(path, decode) for path in paths]
        descriptors.append(kept[0].descriptors)
        crop = find_keypoints(np.ascontiguousarray(scene(2)[60:260, 120:420]), CROP_KEYPOINTS)
        assert rank_pictures(crop, kept, 4)[0] == 2
    assert len(read) == 4
    assert np.array_equal(descriptors[0], descriptors[1])  # the second search answers as the first
    next((tmp_path / "kept").glob("*.npz")).write_bytes(b"damaged")
    cache.keypoints(paths[0], decode)
    cache.trim()


def test_a_small_crop_is_ranked_first_among_many_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matcher.crops.locate.folder._PAIRED", 4)
    monkeypatch.setattr("matcher.crops.locate.folder._FEW_KEYPOINTS", 60)
    kept = [find_keypoints(scene(100 + number, 240, 160), 600) for number in range(12)]
    part = np.ascontiguousarray(scene(107, 240, 160)[30:120, 40:150])
    wanted = find_keypoints(part, CROP_KEYPOINTS)
    monkeypatch.setattr("matcher.crops.locate.folder._CLEAR", np.inf)
    ranked = rank_pictures(wanted, kept, 12)
    assert ranked[0] == 7
    assert sorted(ranked) == list(range(12))
    assert rank_pictures(wanted, kept, 3) == ranked[:3]


def test_behind_a_clear_first_only_its_copies_are_worth_a_look() -> None:
    kept = [find_keypoints(scene(200 + number, 480, 360), 600) for number in range(5)]
    kept.append(find_keypoints(np.ascontiguousarray(scene(203, 480, 360)[::2, ::2]), 600))
    part = np.ascontiguousarray(scene(203, 480, 360)[40:330, 40:440])
    ranked = rank_pictures(find_keypoints(part, CROP_KEYPOINTS), kept, 6)
    assert set(ranked) == {3, 5}


def test_among_no_pictures_none_is_worth_a_look() -> None:
    assert rank_pictures(find_keypoints(scene(1), CROP_KEYPOINTS), [], 6) == []


def test_a_name_that_is_no_text_is_kept_like_any_other(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.png"))
    path.touch()
    cache = KeypointCache(tmp_path / "kept")
    assert len(cache.keypoints(path, lambda _: scene(1))) > 0
