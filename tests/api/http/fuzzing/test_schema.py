"""schemathesis asks whatever the OpenAPI document allows, and what it forbids."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from api.http.auth.keys import KeyStore
from api.http.auth.scope import Scope
from tests.api.http.serving import png, serving
from tests.api.web.program import Program

ROOT = Path(__file__).parents[4]
QUICK_S = 15
LONG_S = 600
UNHURRIED = {"SKULENS_REQUESTS_PER_SECOND": "1000000"}
CHECKS = "not_a_server_error,status_code_conformance"


def test_no_route_fails_or_answers_what_is_not_documented(tmp_path: Path) -> None:
    with serving(tmp_path, per_second=1e6) as running:
        running.client.post("/v1/catalogs", json={"catalog": "shop"}).raise_for_status()
        running.add("tea", 1)
        key, _ = KeyStore(running.options.keys).create([Scope.ADMIN])
        assert run_schemathesis(running.url, key, QUICK_S, tmp_path) == ""


@pytest.mark.soak
@pytest.mark.weights
def test_ten_minutes_of_requests_find_no_failure_and_nothing_undocumented(
    tmp_path: Path,
) -> None:
    seconds = int(os.environ.get("SCHEMATHESIS_S", LONG_S))
    program = Program(tmp_path, UNHURRIED)
    key = str(json.loads(program.run("key", "create", "--scope", "admin", "--json"))["key"])
    with program.serving("127.0.0.1") as url:
        with httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}) as client:
            client.post("/v1/catalogs", json={"catalog": "shop"}).raise_for_status()
            files = {"images": ("tea.png", png(1, 320, 240), "image/png")}
            path = "/v1/catalogs/shop/products"
            client.post(path, data={"product_id": "tea"}, files=files).raise_for_status()
        assert run_schemathesis(url, key, seconds, tmp_path) == ""


def run_schemathesis(url: str, key: str, seconds: int, folder: Path) -> str:
    """Run schemathesis: its findings; nothing if all is well.

    It comes with a key: with keys that it makes up itself, it would only be told to wait.
    """
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{url}/v1/openapi.json",
        "--checks", CHECKS, "--max-time", str(seconds), "--request-timeout", "60",
        "--continue-on-failure", "--seed", "7", "--no-color", "--warnings", "off",
        "--suppress-health-check", "all", "--header", f"Authorization: Bearer {key}",
    ]  # fmt: skip
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SCHEMATHESIS_HOOKS": "tests.api.http.fuzzing.hooks",
    }
    result = subprocess.run(
        command, cwd=folder, env=environment, text=True, capture_output=True, check=False
    )
    print(result.stdout[-2000:])  # noqa: T201
    return "" if result.returncode == 0 else result.stdout[-6000:] + result.stderr[-2000:]
