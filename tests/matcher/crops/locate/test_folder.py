from pathlib import Path

import numpy as np
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
    for _ in range(2):
        kept = [cache.keypoints(path, decode) for path in paths]
        crop = find_keypoints(np.ascontiguousarray(scene(2)[60:260, 120:420]), CROP_KEYPOINTS)
        assert rank_pictures(crop, kept)[0] == 2
    assert len(read) == 4
    next((tmp_path / "kept").glob("*.npz")).write_bytes(b"damaged")
    cache.keypoints(paths[0], decode)
    cache.trim()
