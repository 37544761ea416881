"""Interlaced pictures become whole ones; others pass untouched."""

import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace

from stream.decode.deinterlacer import Deinterlacer, deinterlaced
from tests.stream.films import Picture, interlaced_frames

HEIGHT, WIDTH = 64, 96


def scene(number: int) -> Picture:
    """A still texture over which a bar moves by 6 pixels a picture."""
    image = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
    image[HEIGHT // 2 :] = np.arange(WIDTH, dtype=np.uint8)[None, :, None]
    image[8:24, number * 6 : number * 6 + 12] = 220
    return image


def shown(frame: VideoFrame) -> Picture:
    return np.asarray(frame.to_ndarray(format="rgb24", src_colorspace=Colorspace.ITU709), np.uint8)


def interlaced(top_first: bool, count: int = 12) -> list[VideoFrame]:
    return list(interlaced_frames([scene(number) for number in range(count)], top_first=top_first))


def progressive(number: int) -> VideoFrame:
    return VideoFrame.from_ndarray(scene(number), "rgb24").reformat(format="yuv420p")


@pytest.mark.parametrize("top_first", [True, False])
def test_world_each_field_order_gives_the_picture_of_the_first_field(top_first: bool) -> None:
    woven = interlaced(top_first)
    assert all(frame.interlaced_frame for frame in woven)
    whole = list(deinterlaced(woven))
    assert len(whole) == len(woven)
    for number in range(1, len(whole) - 1):
        combed, mended = (
            np.abs(shown(frame).astype(int) - scene(2 * number)).mean()
            for frame in (woven[number], whole[number])
        )
        assert mended < combed / 3
        assert not whole[number].interlaced_frame


def test_world_progressive_pictures_are_the_very_same_and_come_at_once() -> None:
    deinterlacer = Deinterlacer()
    pictures = [progressive(number) for number in range(4)]
    for picture in pictures:
        (ready,) = deinterlacer.push(picture)
        assert ready is picture
    assert list(deinterlacer.flush()) == []


def test_world_pictures_of_both_kinds_come_once_and_in_order() -> None:
    mixed = [progressive(0), *interlaced(True, 6), progressive(6), progressive(7)]
    mixed += [*interlaced(False, 4), progressive(0)]
    for number, picture in enumerate(mixed):
        picture.pts = number
    ready = list(deinterlaced(mixed))
    assert [picture.pts for picture in ready] == list(range(len(mixed)))
    assert [a is b for a, b in zip(ready, mixed, strict=True)] == [
        not picture.interlaced_frame for picture in mixed
    ]


def test_world_a_picture_without_a_time_keeps_its_place() -> None:
    woven = interlaced(True, 8)
    for picture in woven:
        picture.pts = None
    assert [picture.pts for picture in deinterlaced(woven)] == [None] * 4


def test_world_reading_from_one_picture_before_gives_the_same() -> None:
    mixed = [*interlaced(True, 6), progressive(6), *interlaced(True, 6)]
    whole = [shown(picture) for picture in deinterlaced(mixed)]
    for start in range(1, len(mixed)):
        later = [shown(picture) for picture in deinterlaced(mixed[start - 1 :])]
        assert all(np.array_equal(a, b) for a, b in zip(later[1:], whole[start:], strict=True))


def test_world_a_change_of_size_loses_no_picture() -> None:
    small = list(interlaced_frames([scene(n)[:32, :48] for n in range(4)], top_first=True))
    ready = list(deinterlaced([*interlaced(True, 4), *small]))
    assert [picture.height for picture in ready] == [HEIGHT, HEIGHT, 32, 32]
