"""A run's log and curves."""

from pathlib import Path

from training.loop.progress import Progress, append_progress, draw_curves, read_progress


def test_curves_of_no_reports_are_an_empty_frame(tmp_path: Path) -> None:
    draw_curves([], tmp_path / "empty.png")
    assert (tmp_path / "empty.png").exists()


def test_reports_are_read_as_they_were_appended(tmp_path: Path) -> None:
    log = tmp_path / "progress.jsonl"
    reports = [Progress(step, 0.5 * step, 1.0 / step, {"recall": 0.1 * step}) for step in (1, 2)]
    assert read_progress(log) == []
    for progress in reports:
        append_progress(log, progress)
    assert read_progress(log) == reports
