"""Films as people have them, made of pictures that are known."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.filter import Graph
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from numpy.typing import NDArray

RATE: Final = 25
QUIET: Final = "log-level=none"
BT709_TO_BT2020: Final = (
    (0.6274, 0.3293, 0.0433),
    (0.0691, 0.9195, 0.0114),
    (0.0164, 0.0880, 0.8956),
)

Picture = NDArray[np.uint8]


def base_film() -> Path:
    """The plain film of a carton that is held up, beside the checkout."""
    return Path(__file__).parents[2].parent / "shared" / "field" / "base.mp4"


def pictures_of(path: Path) -> list[Picture]:
    """The pictures of a plain film in BT.709."""
    with av.open(str(path)) as container:
        return [
            np.asarray(
                frame.reformat(format="rgb24", src_colorspace=Colorspace.ITU709).to_ndarray()
            )
            for frame in container.decode(video=0)
        ]


def write_hdr(path: Path, pictures: Sequence[Picture], transfer: ColorTrc) -> Path:
    """Write H.265 of ten bits whose white paper is at 203 cd/m2, as BT.2408 has it."""
    params = f"{QUIET}:colorprim=bt2020:colormatrix=bt2020nc:range=limited:transfer={int(transfer)}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx265", rate=RATE, options={"x265-params": params, "crf": "20"}
        )
        assert isinstance(stream, av.VideoStream)
        stream.pix_fmt = "yuv420p10le"
        stream.height, stream.width = pictures[0].shape[:2]
        for picture in pictures:
            container.mux(stream.encode(hdr_frame(picture, transfer)))
        container.mux(stream.encode(None))
    return path


def hdr_frame(picture: Picture, transfer: ColorTrc) -> VideoFrame:
    """A picture of a standard screen in HLG or PQ, BT.2020, ten bits."""
    light = (picture / 255) ** 2.4 @ np.array(BT709_TO_BT2020).T
    code = hlg_of(light) if transfer == ColorTrc.ARIB_STD_B67 else pq_of(light)
    deep = np.round(np.clip(code, 0, 1) * 65535).astype(np.uint16)
    frame = VideoFrame.from_ndarray(deep, "rgb48le").reformat(
        format="yuv420p10le",
        dst_colorspace=Colorspace.BT2020,
        dst_color_range=ColorRange.MPEG,
        threads=1,
    )
    frame.color_trc, frame.color_primaries = transfer, ColorPrimaries.BT2020
    return frame


def pq_of(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """BT.2100's inverse EOTF, 1 being 203 cd/m2."""
    share = np.clip(light * 0.0203, 0, 1) ** 0.1593017578125
    return np.asarray(((0.8359375 + 18.8515625 * share) / (1 + 18.6875 * share)) ** 78.84375)


def hlg_of(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """BT.2100's inverse OOTF and OETF, 1 being 203 of 1000 cd/m2."""
    display = np.maximum(light * 0.203, 1e-9)
    luminance = display @ np.array((0.2627, 0.6780, 0.0593))
    scene = display * luminance[..., None] ** (1 / 1.2 - 1)
    bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.asarray(np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright))


def interlaced_frames(pictures: Sequence[Picture], *, top_first: bool) -> Iterator[VideoFrame]:
    """Each two pictures as the two fields of one, flagged as such."""
    height, width = pictures[0].shape[:2]
    graph = Graph()
    source = graph.add_buffer(
        width=width, height=height, format=VideoFormat("yuv420p"), time_base=Fraction(1, RATE)
    )
    flag = graph.add("setfield", mode="tff" if top_first else "bff")
    graph.link_nodes(source, flag, graph.add("buffersink")).configure()
    for first, second in zip(pictures[::2], pictures[1::2], strict=False):
        graph.vpush(_woven(*((first, second) if top_first else (second, first))))
        yield graph.vpull()


def _woven(top: Picture, bottom: Picture) -> VideoFrame:
    height, width = top.shape[:2]
    planes = [_planar(top), _planar(bottom)]
    rows = height // 2  # of one colour plane
    for begin, end, row in ((0, height, width), (height, height + rows, width // 2)):
        even, odd = (plane[begin:end].reshape(-1, row) for plane in planes)
        even[1::2] = odd[1::2]
    return VideoFrame.from_ndarray(planes[0], "yuv420p")


def _planar(picture: Picture) -> Picture:
    frame = VideoFrame.from_ndarray(picture, "rgb24").reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
    )
    return np.ascontiguousarray(frame.to_ndarray(), np.uint8)


def write_interlaced(
    path: Path, pictures: Sequence[Picture], *, top_first: bool, codec: str = "libx264"
) -> Path:
    """Write an interlaced film of half as many pictures."""
    options = {
        "libx264": {"x264-params": f"{'tff' if top_first else 'bff'}=1", "crf": "14"},
        "mpeg2video": {"flags": "+ilme+ildct", "b": "8M"},
    }
    rate = Fraction(RATE, 2) if codec == "libx264" else Fraction(RATE)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options[codec])
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.colorspace = 1
        for number, frame in enumerate(interlaced_frames(pictures, top_first=top_first)):
            frame.pts, frame.time_base = number, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_joined(path: Path, film: Path, starts: Sequence[float]) -> Path:
    """Join a film to itself in one MPEG-TS, as `cat` does; each begins at its second."""
    parts = [
        _moved(film, path.with_suffix(f".{number}.ts"), start)
        for number, start in enumerate(starts)
    ]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def _moved(film: Path, path: Path, start: float) -> Path:
    with av.open(str(film)) as source, av.open(str(path), "w") as target:
        video = source.streams.video[0]
        stream = target.add_stream_from_template(video)
        assert video.time_base is not None
        shift = round(start / video.time_base)
        for packet in source.demux(video):
            if packet.dts is not None and packet.pts is not None:
                packet.pts, packet.dts, packet.stream = (
                    packet.pts + shift,
                    packet.dts + shift,
                    stream,
                )
                target.mux(packet)
    return path
