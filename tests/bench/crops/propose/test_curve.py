from pathlib import Path

import cv2

from bench.crops.propose.curve import CurveResult, CurveRun


def test_a_curve_is_a_table_of_means_and_a_picture(tmp_path: Path) -> None:
    runs = [
        CurveRun(share, int(40 * share), seed, 0.4 + 0.1 * seed, 0.5)
        for share in (0.05, 1.0)
        for seed in (0, 1)
    ]
    result = CurveResult(tuple(runs))
    assert result.table().rows[0][:3] == ("5%", "2", "0.450 (0.400 to 0.500)")
    result.draw(tmp_path / "curve.png")
    assert cv2.imread(str(tmp_path / "curve.png")) is not None
