"""A catalog of this machine or of a bucket, opened to be asked."""

import os
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, closing
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

from skulens.pictures import read_picture, refusals_as_one_error
from skulens.results import (
    FoundProduct,
    PhotoResult,
    SeenProduct,
    VideoResult,
    WatchEvent,
)

if TYPE_CHECKING:
    # Names in signatures only: `import skulens` does not wait for NumPy.

    from api.services import Services
    from catalog.snapshot import Catalog
    from catalog.store import CatalogStore
    from matcher.results import Match
    from matcher.tracking.appearance import AppearanceSummary
    from matcher.tracking.events import Event
    from skulens.pictures import Picture

OnProgress: TypeAlias = Callable[[str, int, int | None], None]


def open_catalog(name: str, settings: Mapping[str, str] | None = None) -> "ProductCatalog":
    """Open a catalog of the folder or bucket that the settings name.

    Args:
        name: of a catalog that exists; `skulens catalog import` makes one.
        settings: `SKULENS_` variables that win over the environment and `.env`.

    Raises:
        SkulensError: there is no such catalog, a setting is wrong, or the storage refuses.
    """
    from api.errors import Refused
    from api.services import build_services
    from api.settings import load_settings

    with refusals_as_one_error(), ExitStack() as stack:
        loaded = load_settings({**os.environ, **(settings or {})})
        if loaded.server:
            raise Refused(
                f"SKULENS_SERVER names {loaded.server}, and this works on the machine's own "
                "catalogs; unset it, or ask the service by the package `client`"
            )
        services = stack.enter_context(build_services(loaded))
        store = stack.enter_context(closing(services.catalogs.open(name)))
        return ProductCatalog(services, store, stack.pop_all())


class ProductCatalog:
    """A catalog that answers by its newest version; a context manager, made by `open_catalog`.

    The networks are loaded for the first picture, which takes seconds. Not to be called from two
    threads at once.
    """

    def __init__(self, services: "Services", store: "CatalogStore", resources: ExitStack) -> None:
        self._services = services
        self._store = store
        self._resources = resources

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release what was opened; safe to call twice."""
        self._resources.close()

    @property
    def name(self) -> str:
        """Name of the catalog."""
        return self._store.name

    def identify(self, picture: "Picture", *, whole_image: bool = False) -> PhotoResult:
        """Find the catalog's products in a picture; blocks for a tenth of a second or more.

        Args:
            picture: path of a picture file, its bytes, or (H, W, 3) uint8 in RGB.
            whole_image: the picture shows one product and little else.

        Raises:
            SkulensError: the picture cannot be read, or the catalog cannot answer.
            ValueError: an array of another shape or type.
        """
        with refusals_as_one_error():
            image = read_picture(picture)
            snapshot = self._store.snapshot()
            answer = self._services.finder.identify(image, snapshot, whole_image=whole_image)
        products = tuple(_found_product(match, snapshot) for match in answer.matches)
        return PhotoResult(products, answer.index_version, answer.elapsed.total)

    def match_video(
        self,
        video: str | os.PathLike[str],
        *,
        annotated: str | os.PathLike[str] | None = None,
        report: str | os.PathLike[str] | None = None,
        events: str | os.PathLike[str] | None = None,
        force: bool = False,
        on_progress: OnProgress | None = None,
    ) -> VideoResult:
        """Find the catalog's products in a video file; blocks until all is written.

        Interrupted and called again, it goes on where it stopped.

        Args:
            video: any file that FFmpeg reads.
            annotated: MP4 to write, with everything drawn.
            report: HTML page to write.
            events: JSON Lines file to write.
            force: overwrite files that exist.
            on_progress: called with the stage, frames done, and frames in all if known.

        Raises:
            SkulensError: the video cannot be read, or an output exists or cannot be written.
        """
        from api.video.job import VideoRequest, match_video

        order = VideoRequest(
            Path(video), _path(events), _path(annotated), _path(report), force=force
        )
        with refusals_as_one_error():
            snapshot = self._store.snapshot()
            outcome = match_video(
                order,
                self._services.finder,
                snapshot,
                self._services.settings.cache_dir / "videos",
                on_stage=on_progress or _ignore,
                on_line=_ignore,
                square=self._services.crops.framings.square,
            )
        seen = sorted(outcome.appearances, key=lambda summary: summary.first.media_time_s)
        appearances = tuple(_seen_product(summary, snapshot) for summary in seen)
        return VideoResult(appearances, outcome.frames, outcome.duration_s, outcome.note)

    def watch(
        self,
        source: str,
        *,
        transport: Literal["auto", "tcp", "udp"] = "auto",
        seconds: float | None = None,
    ) -> Generator[WatchEvent]:
        """Yield what comes into view before a camera, in real time, until the source ends.

        A camera that is lost is connected to again. Closing the iterator, or leaving a loop over
        it, ends the session.

        Args:
            source: `rtsp://…`, `http://…` (MJPEG, HLS), `device:0`, or a video file, which is
                played at its own pace.
            transport: how RTSP pictures come.
            seconds: stop after that long; None watches until the source ends.

        Raises:
            SkulensError: the source cannot be opened, or failed for good.
        """
        from api.errors import Refused
        from api.live.source import open_live_source
        from api.live.watch import watch_source

        with (
            refusals_as_one_error(),
            watch_source(
                self._services.finder, self._store, open_live_source(source, transport)
            ) as watched,
        ):
            for batch in chain(watched.batches(seconds), watched.stop()):
                for event in () if batch is None else batch.events:
                    yield _watch_event(event, watched.catalog())
            if watched.status.state.value == "failed":
                raise Refused(watched.status.reason)


def _found_product(match: "Match", catalog: "Catalog") -> FoundProduct:
    box, check = match.detection.box, match.verification
    return FoundProduct(
        match.product_id,
        _name(match.product_id, catalog),
        match.verdict.value,
        float(match.probability),
        (box.left, box.top, box.right, box.bottom),
        () if check is None else tuple((float(x), float(y)) for x, y in check.outline),
    )


def _seen_product(summary: "AppearanceSummary", catalog: "Catalog") -> SeenProduct:
    return SeenProduct(
        summary.answer.product_id,
        _name(summary.answer.product_id, catalog),
        summary.answer.verdict.value,
        float(summary.answer.probability),
        summary.first.media_time_s,
        summary.last.media_time_s,
    )


def _watch_event(event: "Event", catalog: "Catalog") -> WatchEvent:
    box = event.box
    return WatchEvent(
        event.event.value,
        event.appearance_id,
        event.product_id,
        _name(event.product_id, catalog),
        event.verdict.value,
        float(event.probability),
        (box.left, box.top, box.right, box.bottom),
        event.media_time_s,
        event.frame_age_ms,
    )


def _name(product_id: str | None, catalog: "Catalog") -> str:
    product = catalog.products.get(product_id) if product_id is not None else None
    return product.name if product is not None else product_id or ""


def _path(path: str | os.PathLike[str] | None) -> Path | None:
    return None if path is None else Path(path)


def _ignore(*_: object) -> None:
    """Take progress that nobody asked for."""
