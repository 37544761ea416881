"""Options that training commands share: what typer sees, and the runs they make."""

import inspect
from pathlib import Path

import pytest
import typer

from api.cli.train.options import DataOrCatalogTraining, DataTraining, shares


def test_a_command_shows_the_fields_in_place_of_its_parameter() -> None:
    given: list[DataTraining] = []

    @shares(DataTraining, minutes=60.0)
    def command(context: typer.Context, options: DataTraining, size: int = 3) -> None:
        assert not context
        assert size == 4
        given.append(options)

    parameters = inspect.signature(command).parameters
    names = ["data", "out", "minutes", "seed", "device", "workers", "batches", "resume"]
    assert list(parameters) == ["context", *names, "size"]
    assert parameters["data"].default is inspect.Parameter.empty
    assert parameters["minutes"].default == 60.0
    values = {name: parameters[name].default for name in names[2:]}
    command(context=None, size=4, data=Path("d"), out=Path("o"), **values)
    assert given == [DataTraining(data=Path("d"), out=Path("o"), minutes=60.0)]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (DataOrCatalogTraining(), "either --data DIR or --catalog NAME"),
        (DataOrCatalogTraining(data=Path("d"), catalog="c"), "either --data DIR or --catalog NAME"),
        (DataOrCatalogTraining(data=Path("d")), "give --out DIR"),
        (DataOrCatalogTraining(catalog="c", batches=2), "--batches is for training on --data"),
        (DataOrCatalogTraining(catalog="c", start=Path("w")), "--start is for training on --data"),
    ],
)
def test_options_that_do_not_fit_each_other_are_wrong_usage(
    options: DataOrCatalogTraining, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(typer.BadParameter, match=sentence):
        options.run_options("embedder", tmp_path)


def test_a_catalog_has_its_run_in_the_state_folder(tmp_path: Path) -> None:
    run = DataOrCatalogTraining(catalog="shop").run_options("embedder", tmp_path)
    assert run.out == tmp_path / "training" / "embedder-shop"
    assert (run.minutes, run.report_seconds, run.batches) == (10.0, 60.0, 1)


def test_a_gpu_takes_larger_steps_of_the_picture_data(tmp_path: Path) -> None:
    options = DataOrCatalogTraining(data=tmp_path, out=tmp_path, device="cuda")
    run = options.run_options("detector", tmp_path)
    assert (run.minutes, run.batches, run.workers >= 1) == (45.0, 4, True)
    slow = DataTraining(data=tmp_path, out=tmp_path).run_options()
    assert (slow.batches, slow.workers, slow.device) == (1, 0, "cpu")
