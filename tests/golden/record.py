"""Makes the golden files anew: `python -m tests.golden.record [names] [fixtures]`.

`names` are the documents under `recorded/`, made of this code and of the fixtures. `fixtures` are
what the code of a commit left on the disk. They are made once; a later commit has to read them as
they are, so recording them anew gives up the promise that it reads what was written before.
"""

import json
import shutil
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from tests.api.http.serving import serving
from tests.golden import pictures, published, shelf
from tests.golden.program import FIXTURES, INTERRUPTED, RECORDED, GoldenProgram, unpacked
from tests.stream.peers.cameras import GstCamera

LIVE_S: Final = 3.0
# Made anew by whoever needs them, and large.
LEFT_OUT: Final = ("cache/networks", "cache/features")


def record_shop(folder: Path) -> None:
    """A catalog, a recording, half-done videos and a service's state, all by stand-ins."""
    pictures.draw_plain(folder)
    program = GoldenProgram(folder)
    shelf.fill(program)
    live = {"catalog": "shop", "transport": "tcp"}
    with serving(folder) as service, GstCamera() as camera:
        shelf.keep_orders(service)
        session = shelf.posted(service.client, "/v1/sessions", json={**live, "url": camera.url})
        time.sleep(LIVE_S)
        service.client.delete(f"/v1/sessions/{session['session_id']}").raise_for_status()
    shelf.change(program)
    program.did("watch", "shop", "short.mp4", "--record", "recording")
    half_done(program)
    job_id = shelf.stop_halfway(folder)
    # It counts on the folder that it was in.
    shutil.rmtree(folder / "state" / "jobs" / job_id / "work")
    scopes = ("--scope", "read", "--scope", "live", "--catalog", "shop", "--name", "till")
    program.did("key", "create", *scopes)
    (key,) = program.did("key", "create", "--scope", "admin", "--json").lines
    ids = {"session_id": session["session_id"], "job_id": job_id, "key": key["key"]}
    (folder / "ids.json").write_text(json.dumps(ids), encoding="utf-8")


def record_cartons(folder: Path) -> None:
    """A catalog, a recording and a half-done video, by the shipped networks."""
    pictures.draw_cartons(folder)
    program = GoldenProgram(folder, real=True)
    program.did("catalog", "create", "shop")
    for name in ("mint", "plum"):
        program.did("product", "add", "shop", name, f"{name}.jpg")
    program.did("watch", "shop", "short.mp4", "--record", "recording")
    half_done(program)


def half_done(program: GoldenProgram) -> None:
    """Leave a video half-done."""
    assert program.run("video", "shop", "clip.mp4", interrupted=True).code == INTERRUPTED
    assert list((program.folder / "cache").rglob("checkpoint.json"))


def record_fixtures() -> None:
    """All fixtures."""
    FIXTURES.mkdir(exist_ok=True)
    kinds: dict[str, Callable[[Path], None]] = {"shop": record_shop, "cartons": record_cartons}
    for name, make in kinds.items():
        with TemporaryDirectory() as temporary:
            folder = Path(temporary) / name
            folder.mkdir()
            make(folder)
            for left_out in LEFT_OUT:
                shutil.rmtree(folder / left_out, ignore_errors=True)
            with tarfile.open(FIXTURES / f"{name}.tar.gz", "w:gz") as archive:
                archive.add(folder, arcname=".", filter=_anonymous)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def record_names() -> None:
    """All recorded documents."""
    write("openapi.json", published.openapi(), sort=True)
    write("settings.json", published.settings())
    write("manifest.json", published.manifest())
    pages = published.help_text(published.help_pages())
    (RECORDED / "help.txt").write_text(pages, encoding="utf-8")
    with TemporaryDirectory() as temporary:
        folder = unpacked("shop", Path(temporary))
        ids = published.ids_of(folder)
        shutil.rmtree(folder / "cache")
        shutil.rmtree(folder / "state" / "jobs")
        commands = published.command_answers(GoldenProgram(folder))
        with published.served(folder) as service:
            http = published.http_answers(service)
            session = published.session_stream(service, ids["session_id"])
            video = published.video_answers(service, folder / "clip.mp4")
            write("metrics.json", published.metrics(service), sort=True)
    with TemporaryDirectory() as temporary:
        folder = unpacked("cartons", Path(temporary))
        shutil.rmtree(folder / "cache")
        write("cartons.json", published.network_answers(GoldenProgram(folder, real=True)))
    write("commands.json", commands)
    write("http.json", {**http, "session": session, "video": video})


def write(name: str, document: Any, *, sort: bool = False) -> None:
    """Write a document for people to read."""
    RECORDED.mkdir(exist_ok=True)
    text = json.dumps(document, indent=1, sort_keys=sort, ensure_ascii=False)
    (RECORDED / name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    if "fixtures" in sys.argv:
        record_fixtures()
    if "names" in sys.argv:
        record_names()
