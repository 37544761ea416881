"""schemathesis asks whatever the OpenAPI document allows, and what it forbids."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.http.serving import serving
from tests.api.web.program import Program

ROOT = Path(__file__).parents[3]
QUICK_S = 15
LONG_S = 600
UNHURRIED = {"SKULENS_REQUESTS_PER_SECOND": "1000000"}
CHECKS = "not_a_server_error,status_code_conformance"


def test_no_route_fails_or_answers_what_is_not_documented(tmp_path: Path) -> None:
    with serving(tmp_path, per_second=1e6) as running:
        running.client.post("/v1/catalogs", json={"catalog": "shop"}).raise_for_status()
        running.add("tea", 1)
        assert asked(running.url, QUICK_S, tmp_path) == ""


@pytest.mark.soak
@pytest.mark.weights
def test_ten_minutes_of_requests_find_no_failure_and_nothing_undocumented(
    tmp_path: Path,
) -> None:
    seconds = int(os.environ.get("SCHEMATHESIS_S", LONG_S))
    with Program(tmp_path, UNHURRIED).serving("127.0.0.1") as url:
        assert asked(url, seconds, tmp_path) == ""


def asked(url: str, seconds: int, folder: Path) -> str:
    """What schemathesis found; nothing if all is well."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{url}/v1/openapi.json",
        "--checks", CHECKS, "--max-time", str(seconds), "--request-timeout", "60",
        "--continue-on-failure", "--seed", "7", "--no-color", "--warnings", "off",
        "--suppress-health-check", "all",
    ]  # fmt: skip
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SCHEMATHESIS_HOOKS": "tests.api.http.asking",
    }
    said = subprocess.run(
        command, cwd=folder, env=environment, text=True, capture_output=True, check=False
    )
    print(said.stdout[-2000:])  # noqa: T201
    return "" if said.returncode == 0 else said.stdout[-6000:] + said.stderr[-2000:]
