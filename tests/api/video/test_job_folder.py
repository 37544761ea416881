from contextlib import suppress
from pathlib import Path

import pytest

from api.errors import Refused
from api.video.job_folder import job_folder


class Killed(Exception):
    """Stands for a process that ends in the middle."""


def interrupted(jobs: Path, key: str, *outputs: Path) -> Path:
    begun: list[Path] = []
    with suppress(Killed), job_folder(jobs, key, outputs, force=False) as folder:
        begun.append(folder)
        for path in outputs:
            path.write_text("half")
        raise Killed
    return begun[0]


def test_a_finished_job_leaves_nothing_behind(tmp_path: Path) -> None:
    with job_folder(tmp_path / "jobs", "a", [], force=False) as folder:
        (folder / "frames.jsonl").write_text("x")
    assert list((tmp_path / "jobs").iterdir()) == []


def test_a_killed_job_finds_its_folder_again(tmp_path: Path) -> None:
    first = interrupted(tmp_path, "a")
    (first / "checkpoint.json").write_text("{}")
    with job_folder(tmp_path, "a", [], force=False) as again:
        assert (again / "checkpoint.json").exists()


def test_another_job_gets_another_folder(tmp_path: Path) -> None:
    assert interrupted(tmp_path, "a") != interrupted(tmp_path, "b")


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text("precious")
    with (
        pytest.raises(Refused, match=r"events\.jsonl exists already.*--force"),
        job_folder(tmp_path, "a", [events], force=False),
    ):
        pytest.fail("the job began")
    assert events.read_text() == "precious"


def test_force_lets_a_job_overwrite(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text("old")
    with job_folder(tmp_path, "a", [events], force=True):
        events.write_text("new")
    assert events.read_text() == "new"


def test_a_job_may_go_on_with_the_outputs_it_began(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    interrupted(tmp_path, "a", events)
    with job_folder(tmp_path, "a", [events], force=False):
        events.write_text("whole")
    assert events.read_text() == "whole"


def test_another_jobs_half_written_output_is_not_overwritten(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    interrupted(tmp_path, "a", events)
    with pytest.raises(Refused, match="exists"), job_folder(tmp_path, "b", [events], force=False):
        pytest.fail("the job began")


def test_an_output_of_a_finished_job_is_not_overwritten_by_the_next_run(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    with job_folder(tmp_path, "a", [events], force=False):
        events.write_text("whole")
    with pytest.raises(Refused, match="exists"), job_folder(tmp_path, "a", [events], force=False):
        pytest.fail("the job began")


def test_two_processes_do_not_work_on_one_job(tmp_path: Path) -> None:
    with (
        job_folder(tmp_path, "a", [], force=False),
        pytest.raises(Refused, match="another skulens"),
        job_folder(tmp_path, "a", [], force=False),
    ):
        pytest.fail("the job began twice")


def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    for bad in (tmp_path, tmp_path / "missing" / "a.mp4"):
        with pytest.raises(Refused, match="folder"), job_folder(tmp_path, "a", [bad], force=True):
            pytest.fail("the job began")
