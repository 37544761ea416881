"""One picture against a folder: which of them is it cut from?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from api.cli.crop.pictures import read_query
from api.cli.files import list_pictures
from api.cli.output import Output, printable
from api.errors import Refused, sentence
from api.models.crop_search import LOOKED_AT, telling_order

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from api.remote.crop_answers import CropAnswers
    from client.location_records import LocatedCropJson
    from matcher.crops.locate import KeypointCache
    from matcher.crops.locate.features import CropKeypoints


@dataclass(frozen=True, slots=True)
class FolderSearch:
    """The question which pictures of a folder one picture is related to.

    Attributes:
        comparing: that looks, here or elsewhere.
        picture: that is looked for.
        folder: whose pictures it is compared with.
        mirrored: a mirror image counts, too.
        cache: folder where keypoints are kept.
    """

    comparing: "CropAnswers"
    picture: Path
    folder: Path
    mirrored: bool
    cache: Path

    def run(self, output: Output) -> None:
        """Answer a line for each picture of the folder, and sentences about the related ones.

        Raises:
            Refused: the folder has no pictures, or the picture cannot be read.
            PictureError: the picture cannot be read.
        """
        from catalog.errors import PictureError

        paths = list(list_pictures([self.folder]))
        wanted = read_query(self.picture)
        count = len(paths)
        if count > LOOKED_AT:
            paths = self._likeliest(paths, wanted.image, output)
        answers = []
        with output.progress("looking", "pictures") as advance:
            for done, path in enumerate(paths):
                advance(done, len(paths))
                try:
                    pair = self.comparing.locate(wanted, read_query(path), mirrored=self.mirrored)
                except (Refused, PictureError) as error:
                    output.refuse(sentence(error))
                    continue
                answers.append(pair.answer)
                output.line(pair.answer)
        for answer in related(answers):
            output.show(Text(printable(answer["sentence"])))
        if not related(answers):
            # Of many, those that were not looked at closely share too little to be related.
            compared = count if count > LOOKED_AT and answers else len(answers)
            output.show(Text(printable(self._nothing(compared))))

    def _likeliest(
        self, paths: Sequence[Path], wanted: "NDArray[np.uint8]", output: Output
    ) -> list[Path]:
        """Those that share most keypoints with the picture."""
        from catalog.errors import PictureError
        from matcher.crops.locate import (
            CROP_KEYPOINTS,
            KeypointCache,
            find_keypoints,
            rank_pictures,
        )

        cache = KeypointCache(self.cache)
        kept, readable = [], []
        with output.progress("reading", "pictures") as advance:
            for done, path in enumerate(paths):
                advance(done, len(paths))
                try:
                    kept.append(_keypoints(cache, path))
                    readable.append(path)
                except (Refused, PictureError) as error:
                    output.refuse(sentence(error))
        cache.trim()
        ranked = rank_pictures(find_keypoints(wanted, CROP_KEYPOINTS), kept, LOOKED_AT)
        return [readable[index] for index in ranked]

    def _nothing(self, compared: int) -> str:
        if compared == 0:
            return f"no picture in {self.folder} could be compared with {self.picture}"
        number = "the one picture" if compared == 1 else f"none of the {compared} pictures"
        no = " not" if compared == 1 else ""
        return f"{number} in {self.folder} is{no} related to {self.picture}"


def _keypoints(cache: "KeypointCache", path: Path) -> "CropKeypoints":
    """Return a picture's keypoints; those of this time alone where none can be kept.

    Raises:
        Refused: the file cannot be read.
        PictureError: it is no picture.
    """
    from matcher.crops.locate import find_keypoints
    from matcher.crops.locate.folder import KEPT_KEYPOINTS

    try:
        return cache.keypoints(path, lambda file: read_query(file).image)
    except OSError:
        return find_keypoints(read_query(path).image, KEPT_KEYPOINTS)


def related(answers: "Sequence[LocatedCropJson]") -> "list[LocatedCropJson]":
    """Return the answers that found something, the most telling first."""
    found = [answer for answer in answers if answer["relation"] != "unrelated"]
    return sorted(
        found, key=lambda answer: telling_order(answer["relation"], answer["probability"])
    )
