"""Colours as pictures declare them are honoured."""

import tempfile
from fractions import Fraction

import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from stream.decode.pixel_shape import PixelShape
from stream.decode.pixels import RgbConverter, lay_on_white
from stream.errors import SourceError
from tests.stream.films import Picture, hdr_frame, interlaced_frames

SQUARE = PixelShape()


def patches() -> Picture:
    """Eight patches of colours that prints have."""
    colours = [
        (255, 255, 255), (20, 20, 20), (128, 128, 128), (200, 40, 30),
        (40, 140, 70), (30, 60, 160), (240, 150, 20), (230, 220, 200),
    ]  # fmt: skip
    row = np.repeat(np.array(colours, np.uint8), 16, axis=0)[None]
    return np.repeat(row, 48, axis=0)


def centres(image: Picture) -> Picture:
    return image[image.shape[0] // 2, 8::16]


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize(
    ("space", "number"),
    [(Colorspace.ITU709, 1), (Colorspace.ITU601, 5), (Colorspace.ITU601, 6),
     (Colorspace.SMPTE240M, 7), (Colorspace.BT2020, 9), (Colorspace.BT2020, 10)],
)  # fmt: skip
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le", "yuv444p", "nv12"])
def test_world_matrix_and_range_are_honoured_as_flagged(
    pixel_format: str, space: Colorspace, number: int, full: bool
) -> None:
    frame = VideoFrame.from_ndarray(patches(), "rgb24").reformat(
        format=pixel_format,
        dst_colorspace=space,
        dst_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
    )
    frame.colorspace = number
    found = centres(RgbConverter().convert(frame, SQUARE)).astype(int)
    assert np.abs(found - centres(patches())).max() <= 6


@pytest.mark.parametrize("number", [0, 2, 3, 12, 13])
def test_world_a_matrix_that_says_nothing_is_the_one_that_players_assume(number: int) -> None:
    frame = VideoFrame.from_ndarray(patches(), "rgb24").reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU601, dst_color_range=ColorRange.MPEG
    )
    frame.colorspace = number
    found = centres(RgbConverter().convert(frame, SQUARE)).astype(int)
    assert np.abs(found - centres(patches())).max() <= 6


@pytest.mark.parametrize("number", [8, 11, 14, 15, 16, 17])
def test_world_a_matrix_that_is_not_known_is_named(number: int) -> None:
    frame = VideoFrame.from_ndarray(patches(), "rgb24").reformat(format="yuv420p")
    frame.colorspace = number
    with pytest.raises(SourceError, match=rf"\(matrix {number} of ITU-T H.273\); set BT.709"):
        RgbConverter().convert(frame, SQUARE)


@pytest.mark.parametrize("transfer", [ColorTrc.ARIB_STD_B67, ColorTrc.SMPTE2084])
def test_world_high_dynamic_range_has_the_colours_of_the_standard_copy(transfer: ColorTrc) -> None:
    frame = hdr_frame(patches(), transfer)
    found = centres(RgbConverter().convert(frame, SQUARE)).astype(int)
    # White is compressed a little, to leave room for highlights; vivid colours are rounded off.
    assert np.abs(found - centres(patches())).max() <= 20
    plain = centres(RgbConverter().convert(_flagged_as_standard(frame), SQUARE)).astype(int)
    assert np.abs(plain - centres(patches())).max() > 40


def test_world_one_converter_follows_a_film_that_changes_its_kind() -> None:
    converter = RgbConverter()
    plain = VideoFrame.from_ndarray(patches(), "rgb24")
    for frame in (plain, hdr_frame(patches(), ColorTrc.SMPTE2084), plain):
        found = centres(converter.convert(frame, SQUARE)).astype(int)
        assert np.abs(found - centres(patches())).max() <= 20


def test_world_pixels_of_high_dynamic_range_that_are_not_square_are_stretched() -> None:
    frame = hdr_frame(patches(), ColorTrc.SMPTE2084)
    shape = PixelShape(Fraction(3, 2))
    assert RgbConverter().convert(frame, shape).shape == (48, 192, 3)


def test_world_a_single_field_is_stretched_to_the_height_of_its_picture() -> None:
    frame = VideoFrame.from_ndarray(patches(), "rgb24")
    assert RgbConverter().convert(frame, PixelShape(comes_in_fields=True)).shape == (48, 128, 3)
    field = _flagged_as_interlaced(patches())
    assert RgbConverter().convert(field, PixelShape(comes_in_fields=True)).shape == (96, 128, 3)


@pytest.mark.parametrize("pixel_format", ["rgba", "yuva420p", "yuva444p10le", "gbrap"])
def test_world_what_is_transparent_is_white(pixel_format: str) -> None:
    image = np.zeros((48, 64, 4), np.uint8)
    image[:, :32] = (200, 40, 30, 255)
    frame = VideoFrame.from_ndarray(image, "rgba")
    if pixel_format != "rgba":
        frame = frame.reformat(format=pixel_format, dst_color_range=ColorRange.MPEG)
    found = RgbConverter().convert(frame, SQUARE)
    assert found[24, 50].tolist() == [255, 255, 255]
    assert np.abs(found[24, 10].astype(int) - (200, 40, 30)).max() <= 6


def test_world_half_transparent_is_half_white() -> None:
    image = np.array([[[0, 100, 255, 128], [0, 100, 255, 255]]], np.uint8)
    assert lay_on_white(image)[0, 0] == pytest.approx([127, 177, 255], abs=1)
    assert lay_on_white(image)[0, 1].tolist() == [0, 100, 255]


@pytest.mark.parametrize("size", [(49, 47), (1, 1), (2, 3), (638, 3)])
@pytest.mark.parametrize("transfer", [ColorTrc.BT709, ColorTrc.SMPTE2084])
def test_world_odd_sizes_are_whole(size: tuple[int, int], transfer: ColorTrc) -> None:
    width, height = size
    picture = np.full((height, width, 3), 120, np.uint8)
    frame = VideoFrame.from_ndarray(picture, "rgb24")
    if transfer != ColorTrc.BT709:
        frame = hdr_frame(picture, transfer)
    found = RgbConverter().convert(frame, SQUARE)
    assert found.shape == (height, width, 3)
    assert np.abs(found.astype(int) - 120).max() <= 3


def test_world_a_full_disk_is_named_where_a_table_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.raises(SourceError, match=r"temporary file .* \(No such file or directory\); free"):
        RgbConverter().convert(hdr_frame(patches(), ColorTrc.SMPTE2084), SQUARE)


def _flagged_as_standard(frame: VideoFrame) -> VideoFrame:
    copy = frame.reformat(format="yuv422p10le")
    copy.color_trc, copy.color_primaries = ColorTrc.BT709, ColorPrimaries.BT709
    return copy


def _flagged_as_interlaced(picture: Picture) -> VideoFrame:
    (frame,) = interlaced_frames([picture, picture], top_first=True)
    return frame
