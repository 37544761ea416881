"""The worked example of docs/how-to/add-a-route.md, carried out."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_steps_of_the_page_add_a_route(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "add-a-route.md").read_text("utf-8")
    for folder in ("api", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", "golden")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    steps = "".join(re.findall(r"^```diff\n(.*?)^```$", page, re.DOTALL | re.MULTILINE))
    subprocess.run(["git", "apply", "-"], input=steps, text=True, cwd=tmp_path, check=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    subprocess.run(
        [*command, "tests/api/http/routes/test_freshness.py"],
        cwd=tmp_path,
        check=True,
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}"},
    )
