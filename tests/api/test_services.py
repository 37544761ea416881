"""Where settings become storage, device and catalogs."""

from pathlib import Path

import pytest

from api.services import build_services, enrolment_rules, open_storage, s3_options
from api.settings import Settings
from catalog.ingest.quality import IssueKind
from catalog.storage.folder import FolderStorage


@pytest.mark.parametrize(
    ("endpoint", "path_style", "expected"),
    [
        ("", None, False),
        ("http://127.0.0.1:9000", None, True),
        ("http://127.0.0.1:9000", False, False),
        ("", True, True),
    ],
)
def test_a_server_of_ones_own_has_the_bucket_in_the_path(
    endpoint: str, path_style: bool | None, expected: bool
) -> None:
    settings = Settings(s3_bucket="films", s3_endpoint=endpoint, s3_path_style=path_style)
    assert s3_options(settings).path_style is expected


def test_a_bucket_keeps_its_settings() -> None:
    settings = Settings(s3_bucket="films", s3_prefix="a/b", access_key="me", s3_timeout_s=3.0)
    options = s3_options(settings)
    assert (options.bucket, options.prefix, options.access_key) == ("films", "a/b", "me")
    assert options.read_seconds == 3.0


def test_without_a_bucket_catalogs_lie_in_the_folder(tmp_path: Path) -> None:
    assert isinstance(open_storage(Settings(storage=tmp_path)), FolderStorage)


def test_the_issues_that_are_refused_come_from_the_settings() -> None:
    rules = enrolment_rules(Settings(enrolment_refuses=("blurred",), twin_similarity=0.8))
    assert (rules.refused, rules.twin) == (frozenset({IssueKind.BLURRED}), 0.8)


def test_catalogs_are_listed_without_loading_a_network(tmp_path: Path) -> None:
    settings = Settings(storage=tmp_path / "data", weights=tmp_path / "no weights")
    with build_services(settings) as services:
        assert services.catalogs.names() == ()
        assert services.catalogs is services.catalogs
