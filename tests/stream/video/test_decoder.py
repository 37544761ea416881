"""Decoding a file: what is no video, what is damaged, and where reading can resume."""

import socket
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from av.video.frame import VideoFrame

from stream.errors import SourceError
from stream.video.decoder import SeekPoint, VideoDecoder
from stream.video.file import FileSource
from tests.stream.clips import MakeClip, numbered_picture


def test_a_file_without_its_index_is_refused_with_its_name(make_clip: MakeClip) -> None:
    path = make_clip(times_ms=range(0, 4000, 40))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SourceError, match=rf"{path.name} cannot be opened as a video .* cut off"):
        FileSource(path)


def test_damage_in_the_middle_is_counted_and_the_rest_is_read(make_clip: MakeClip) -> None:
    path = make_clip(
        "damaged.avi", times_ms=range(0, 4000, 40), options={"g": "20", "bf": "0"}, size=(160, 120)
    )
    with av.open(str(path)) as container:
        places = [packet.pos for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    start = (places[50] or 0) + 8
    data[start : start + 16] = bytes(16)
    path.write_bytes(data)
    source = FileSource(path)
    frames = list(source.frames())
    assert 90 <= len(frames) <= 100
    assert not source.truncated
    assert source.damaged_packets == 100 - len(frames)


def test_a_sound_file_is_refused_because_it_has_no_video_track(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with av.open(str(path), mode="w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(SourceError, match=r"sound\.wav has no video track \(tracks: audio\)"):
        FileSource(path)


def test_what_is_no_file_is_refused_with_its_name(tmp_path: Path) -> None:
    empty, text = tmp_path / "empty.mp4", tmp_path / "text.mp4"
    empty.touch()
    text.write_text("this is no video\n" * 50)
    for path, reason in [
        (tmp_path / "missing.mp4", "there is no file"),
        (tmp_path, "is a folder"),
        (empty, "is empty"),
        (text, "cannot be opened as a video"),
        (Path("/dev/null"), "is not a regular file"),
    ]:
        with pytest.raises(SourceError, match=reason) as caught:
            FileSource(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_file_cannot_make_us_open_an_address(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        playlist = tmp_path / "list.m3u8"
        playlist.write_text(
            "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n"
            f"http://127.0.0.1:{server.getsockname()[1]}/clip.ts\n#EXT-X-ENDLIST\n"
        )
        with pytest.raises(SourceError, match=r"list\.m3u8"):
            FileSource(playlist)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_cover_picture_is_no_video_track(tmp_path: Path) -> None:
    path = tmp_path / "song.m4a"
    with av.open(str(path), mode="w", format="mp4") as container:
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        sound = container.add_stream("aac", rate=8000)
        picture = VideoFrame.from_ndarray(numbered_picture(1, 64, 48), "rgb24")
        container.mux(cover.encode(picture.reformat(format="yuvj420p")))
        container.mux(cover.encode(None))
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 8000
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    with pytest.raises(SourceError, match="no video track"):
        FileSource(path)


def test_a_file_is_described_before_it_is_read(make_clip: MakeClip) -> None:
    with VideoDecoder(make_clip(), threads=1) as decoding:
        assert decoding.rate == 25
        assert decoding.duration == pytest.approx(1.0, abs=0.05)
        assert decoding.frame_count_estimate == 25
        assert not decoding.is_truncated
        assert decoding.damaged_packets == 0


def test_only_key_frames_have_a_decoding_time_and_only_once(make_clip: MakeClip) -> None:
    clip = make_clip("keys.ts", options={"g": "10", "bf": "0", "sc_threshold": "0"})
    with VideoDecoder(clip, threads=1) as decoding:
        keys = []
        for number, picture in enumerate(decoding.pictures()):
            if decoding.key_dts(picture) is not None:
                keys.append(number)
                assert decoding.key_dts(picture) is None
    assert keys == [0, 10, 20]


def test_seeking_lands_on_the_key_frame_itself_or_says_that_it_is_not_there(
    make_clip: MakeClip,
) -> None:
    clip = make_clip("seek.mkv", options={"g": "10", "bf": "0", "sc_threshold": "0"})
    with VideoDecoder(clip, threads=1) as decoding:
        pictures = list(decoding.pictures())
        key = pictures[10]
        dts = decoding.key_dts(key)
    assert key.pts is not None
    assert dts is not None
    point = SeekPoint(10, key.pts, dts, 0)
    with VideoDecoder(clip, threads=1) as decoding:
        assert decoding.seek(point)
        assert next(iter(decoding.pictures())).pts == key.pts
    with VideoDecoder(clip, threads=1) as decoding:
        assert not decoding.seek(SeekPoint(10, key.pts + 1, dts, 0))
