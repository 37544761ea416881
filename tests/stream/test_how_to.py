"""The worked example of docs/how-to/add-a-source.md, carried out."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_steps_of_the_page_add_a_source(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "add-a-source.md").read_text("utf-8")
    for folder in ("stream", "tests/stream"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    steps = "".join(re.findall(r"^```diff\n(.*?)^```$", page, re.DOTALL | re.MULTILINE))
    subprocess.run(["git", "apply", "-"], input=steps, text=True, cwd=tmp_path, check=True)
    tests = [f"tests/stream/camera/test_{name}.py" for name in ("pattern", "open")]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    subprocess.run(command, cwd=tmp_path, check=True, env={"PYTHONPATH": str(tmp_path)})
