"""The worked example of docs/how-to/add-a-network.md, carried out."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)  # a copy of pytest with torch, on a busy machine
def test_the_steps_of_the_page_add_a_network(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "add-a-network.md").read_text("utf-8")
    for folder in ("matcher", "training"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    steps = "".join(re.findall(r"^```diff\n(.*?)^```$", page, re.DOTALL | re.MULTILINE))
    subprocess.run(["git", "apply", "-"], input=steps, text=True, cwd=tmp_path, check=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    path = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    subprocess.run(
        [*command, "tests/training/test_sharpness.py"],
        cwd=tmp_path,
        check=True,
        env={**os.environ, **path},
    )
