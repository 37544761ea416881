"""A video job in a process of its own, which stops before a given frame until it is killed."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from matcher.tracking.codec import to_record
from matcher.tracking.events import Event
from matcher.video.files import JobFiles
from matcher.video.job import VideoJob
from stream.frame import Frame
from stream.video.decoder import SeekPoint
from tests.matcher.world import (
    World,
    WorldCatalog,
    WorldFinder,
    WorldSource,
    WorldThing,
    standing,
    still,
)

SECONDS = 6.0
WORLD = World(
    (
        WorldThing("tea", lambda time: standing(40 + 30 * time, 80), seed=1),
        WorldThing("cola", lambda time: standing(420, 90) if 1 < time < 2.5 else None, seed=2),
        WorldThing(None, still(300, 200), seed=3),
    ),
    rate=15.0,
)


@dataclass
class StoppingSource:
    """Says so on stdout and waits for the end of stdin when it comes to a frame."""

    inner: WorldSource
    stop_before: int

    def frames(self, start_index: int = 0, seek_point: SeekPoint | None = None) -> Iterator[Frame]:
        for frame in self.inner.frames(start_index, seek_point):
            if frame.index == self.stop_before:
                sys.stdout.write("stopped\n")
                sys.stdout.flush()
                sys.stdin.read()
            yield frame

    def seek_point(self, index: int) -> SeekPoint | None:
        return self.inner.seek_point(index)


def job(
    video: Path, folder: Path, *, stop_before: int = -1, catalog: WorldCatalog | None = None
) -> VideoJob[WorldCatalog]:
    source = StoppingSource(WorldSource(WORLD, SECONDS), stop_before)
    return VideoJob(
        video,
        source,
        WorldFinder(WORLD),
        WorldCatalog() if catalog is None else catalog,
        JobFiles.inside(folder),
        event_line=event_line,
        checkpoint_seconds=0.7,
    )


def event_line(event: Event) -> str:
    return json.dumps(to_record(replace(event, late=False)))


if __name__ == "__main__":
    for _ in job(Path(sys.argv[1]), Path(sys.argv[2]), stop_before=int(sys.argv[3])).run():
        pass
