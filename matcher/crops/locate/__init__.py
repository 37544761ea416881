"""Whether one picture is a crop of another, and where it was cut out."""

from matcher.crops.locate.difference import draw_difference
from matcher.crops.locate.features import find_keypoints
from matcher.crops.locate.folder import CROP_KEYPOINTS, KeypointCache, rank_pictures
from matcher.crops.locate.location import Location, Place
from matcher.crops.locate.locator import CropLocator
from matcher.crops.locate.sentence import describe

__all__ = [
    "CROP_KEYPOINTS",
    "CropLocator",
    "KeypointCache",
    "Location",
    "Place",
    "describe",
    "draw_difference",
    "find_keypoints",
    "rank_pictures",
]
