"""A recording of `skulens watch --record`, played again offline: the same events."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from api.cli.output import Output
from api.errors import Refused
from matcher.live.recording import read_session, replay

if TYPE_CHECKING:
    from api.services import Services


def replay_recording(folder: Path, catalog: str, built: "Services", output: Output) -> None:
    """Tell the events of a recording; as fast as the networks go.

    The catalog is taken as it was then, change by change.

    Raises:
        Refused: it was recorded of another catalog.
        matcher.live.LiveError: the folder is no recording, or damaged.
        CatalogError: the catalog of then cannot be read any more.
    """
    from api.cli.watch.view import event_line
    from api.video.job import event_line as json_line

    session = read_session(folder)
    if session.catalog != catalog:
        raise Refused(f"{folder} was recorded of catalog {session.catalog}; name that one")
    store = built.catalogs.open(catalog)
    with output.working("loading the networks"):
        finder = built.finder
    as_it_was = lru_cache(maxsize=2)(store.at)
    products = store.snapshot().products
    for event in replay(folder, finder, as_it_was):
        output.raw_line(json_line(event))
        if not output.json:
            output.show(event_line(event, products))
