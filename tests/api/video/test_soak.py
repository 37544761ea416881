"""Minutes long: memory of `skulens video` over ten minutes of real 720p video."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from bench.appearances import LABELS, read_crops
from bench.live.video import cut_references

ROOT = Path(__file__).parents[3]
PROGRAM = [sys.executable, "-c", "import sys; from api.cli.main import main; sys.exit(main())"]
REPEATS = 19  # of the 32 s clip; a transport stream can simply be written again behind itself
GIGABYTE = 1 << 30


@pytest.mark.soak
@pytest.mark.data
@pytest.mark.timeout(4 * 3600)
def test_ten_minutes_of_video_take_less_than_two_gigabytes_and_no_more_at_the_end(
    tmp_path: Path, shared_data: Path
) -> None:
    clip = shared_data / "videos" / "soda_shelf_tiagoapolo_MIT.ts"
    cut_references(clip, read_crops(LABELS / "soda_catalog.json"), tmp_path / "pictures")
    long = tmp_path / "long.ts"
    long.write_bytes(clip.read_bytes() * REPEATS)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [*PROGRAM, "catalog", "import", "shop", "pictures"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    command = [*PROGRAM, "video", "shop", long.name, "--events", "e.jsonl", "--report", "r.html"]
    running = subprocess.Popen(command, cwd=tmp_path, env=environment)
    process, stopped, used = psutil.Process(running.pid), threading.Event(), []
    while running.poll() is None:
        used.append(process.memory_info().rss)
        stopped.wait(2.0)
    assert running.returncode == 0
    assert max(used) < 2 * GIGABYTE
    # The start fills caches, and the last tenth writes the report.
    early, late = used[len(used) // 4 : len(used) // 2], used[len(used) // 2 : -len(used) // 10]
    assert max(late) < max(early) + GIGABYTE / 10
