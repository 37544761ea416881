"""Questions about pictures alone, without a catalog: locate, propose, thumbnail."""

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Self

from skulens.pictures import check_aspects, check_many, read_picture, refusals_as_one_error
from skulens.results import CropLocation, LocatedAmong, ProposedCrop, ThumbnailCrop

if TYPE_CHECKING:
    # Names in signatures only: `import skulens` does not wait for NumPy.
    import numpy as np
    from numpy.typing import NDArray

    from api.services import Services
    from matcher.crops.locate import Location
    from matcher.crops.propose.proposal import Proposal
    from matcher.crops.thumbnail.thumbnail import Thumbnail
    from matcher.imaging.box import Box
    from skulens.pictures import Picture
    from skulens.results import Box as Corners
    from skulens.results import Outline


def open_crops(settings: Mapping[str, str] | None = None) -> "Crops":
    """Return what answers questions about pictures alone.

    Args:
        settings: `SKULENS_` variables that win over the environment and `.env`.

    Raises:
        SkulensError: a setting is wrong.
    """
    from api.services import build_services
    from api.settings import load_settings

    with refusals_as_one_error(), ExitStack() as stack:
        loaded = load_settings({**os.environ, **(settings or {})})
        return Crops(stack.enter_context(build_services(loaded)), stack.pop_all())


class Crops:
    """Locates, proposes and frames crops; a context manager, made by `open_crops`.

    Networks are loaded at the first question that needs them, which takes seconds. Not to be
    called from two threads at once.
    """

    def __init__(self, services: "Services", resources: ExitStack) -> None:
        self._tools = services.crops
        self._resources = resources

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release what was opened; safe to call twice."""
        self._resources.close()

    def locate(self, a: "Picture", b: "Picture", *, mirrored: bool = False) -> CropLocation:
        """Say whether one picture is a crop of the other, and where; in either order.

        Args:
            a: a picture.
            b: another.
            mirrored: a mirror image counts, too.

        Raises:
            SkulensError: a picture cannot be read.
        """
        with refusals_as_one_error():
            found = self._tools.locator.locate(read_picture(a), read_picture(b), mirrored=mirrored)
        return _located(found, "a", "b")

    def locate_among(
        self, picture: "Picture", others: "Iterable[Picture]", *, mirrored: bool = False
    ) -> tuple[LocatedAmong, ...]:
        """Say which of many pictures one is cut from, the most telling answer first.

        Pictures that are not related come last. Of over 12, only those are answered that share
        most with it.

        Args:
            picture: that is looked for.
            others: at least one.
            mirrored: a mirror image counts, too.

        Raises:
            SkulensError: a picture cannot be read, or there are no others.
        """
        from api.models.crop_search import AmongFinding, most_telling_first, worth_comparing

        with refusals_as_one_error():
            readers = [partial(read_picture, other) for other in check_many(others)]
            wanted, locator = read_picture(picture), self._tools.locator
            found = most_telling_first(
                AmongFinding(index, locator.locate(wanted, readers[index](), mirrored=mirrored))
                for index in worth_comparing(wanted, readers)
            )
        return tuple(
            LocatedAmong(
                finding.index, _located(finding.location, "picture", f"others[{finding.index}]")
            )
            for finding in found
        )

    def propose(
        self, picture: "Picture", *, point: tuple[float, float] | None = None, limit: int = 5
    ) -> tuple[ProposedCrop, ...]:
        """Say what is meant in a picture, the likeliest first; the whole picture if nothing is.

        Args:
            picture: to look at.
            point: x and y in pixels of a tap on what is meant.
            limit: most proposals, 1 to 20.

        Raises:
            SkulensError: the picture cannot be read, the point lies outside of it, or the limit is
                none.
        """
        from matcher.crops.propose.tap import check_limit, check_tap, tap_of

        with refusals_as_one_error():
            check_limit(limit)
            tapped = None if point is None else tap_of(point)
            image = read_picture(picture)
            if tapped is not None:
                check_tap(tapped, image.shape[1], image.shape[0])
            found = self._tools.proposer.propose(image, tapped, limit)
        return tuple(_proposed(proposal) for proposal in found)

    def thumbnail(
        self, picture: "Picture", aspects: str | Sequence[str] = ("1:1",)
    ) -> tuple[ThumbnailCrop, ...]:
        """Find the most pleasant crop at each aspect.

        Args:
            picture: to look at.
            aspects: width to height, such as `16:9`; one, or several.

        Raises:
            SkulensError: the picture cannot be read, an aspect is none, or there are no aspects.
        """
        from matcher.crops.thumbnail.aspect import Aspect

        with refusals_as_one_error():
            wanted = [Aspect.parse(text) for text in check_aspects(aspects)]
            framer = self._tools.framer
            scene = framer.look(read_picture(picture))
            framed = [framer.frame(scene, aspect) for aspect in wanted]
        return tuple(_thumbnail(crop) for crop in framed)


def _located(found: "Location", a: str, b: str) -> CropLocation:
    from matcher.crops.locate import describe

    placed = found.placement if found.relation in ("crop", "same") else None
    return CropLocation(
        found.relation,
        float(found.probability),
        found.crop,
        () if placed is None else _points(found.outline),
        None if placed is None else float(placed.scale),
        None if placed is None else float(placed.rotation),
        placed is not None and placed.mirrored,
        tuple((_points(place.a), _points(place.b)) for place in found.places),
        describe(found, a, b),
    )


def _proposed(proposal: "Proposal") -> ProposedCrop:
    return ProposedCrop(
        _corners(proposal.box),
        proposal.kind.value,
        float(proposal.confidence),
        _points(proposal.corners),
    )


def _thumbnail(framed: "Thumbnail") -> ThumbnailCrop:
    best = framed.best
    return ThumbnailCrop(
        framed.aspect.name,
        _corners(best.box),
        float(best.score),
        best.reasons,
        best.cuts_a_face,
        tuple(_corners(crop.box) for crop in framed.alternatives),
    )


def _corners(box: "Box") -> "Corners":
    return (float(box.left), float(box.top), float(box.right), float(box.bottom))


def _points(outline: "NDArray[np.float64] | None") -> "Outline":
    return () if outline is None else tuple((float(x), float(y)) for x, y in outline)
