"""The worked example of docs/how-to/add-a-command.md, carried out."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_steps_of_the_page_add_a_command(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "add-a-command.md").read_text("utf-8")
    left_out = shutil.ignore_patterns("shop", "web", "golden", "__pycache__")
    for folder in ("api", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=left_out)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    steps = "".join(re.findall(r"^```diff\n(.*?)^```$", page, re.DOTALL | re.MULTILINE))
    subprocess.run(["git", "apply", "-"], input=steps, text=True, cwd=tmp_path, check=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    subprocess.run(
        [*command, "tests/api/cli/query/test_attributes.py"],
        cwd=tmp_path,
        check=True,
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}"},
    )
