"""Exceptions that nobody foresaw, thrown where WebRTC's library calls us."""

import logging

import numpy as np
import pytest
from numpy.typing import NDArray

from stream.decode.frame_builder import FrameBuilder
from stream.mailbox import Mailbox
from stream.status import SourceState
from stream.webrtc.preview import Preview
from stream.webrtc.whep import PreviewTrack
from tests.stream.peers.webrtc import SDP, WebRtcPeer, run, until, whip


@pytest.mark.parametrize("stranger", [KeyError, OverflowError, RuntimeError])
def test_a_publisher_whose_pictures_break_us_fails_with_a_sentence_and_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, stranger: type[Exception]
) -> None:
    def fail(*_: object) -> None:
        raise stranger("odd")

    async def test() -> None:
        endpoint, protocol = whip()
        client = WebRtcPeer()
        reply, key = await protocol.post(SDP, (await client.offer()).encode())
        await client.accept(reply.body)
        source = endpoint.source(key or "")
        assert source is not None
        source.start(Mailbox(), lambda _: None)
        await until(lambda: source.status.state is SourceState.FAILED)
        assert f"({stranger.__name__})" in source.status.reason
        await until(lambda: endpoint.sessions.count == 0)
        await client.peer.close()

    monkeypatch.setattr(FrameBuilder, "add", fail)
    with caplog.at_level(logging.ERROR):
        run(test)
    assert [record.name for record in caplog.records] == ["stream.webrtc.whip_source"]


def test_a_picture_that_cannot_be_drawn_ends_no_viewer(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> NDArray[np.uint8]:
        raise KeyError("odd")

    async def test() -> None:
        preview = Preview()
        track = PreviewTrack(preview, 100.0, 640)
        preview.show(fail)
        for _ in range(3):
            black = await track.recv()
            assert black.to_ndarray(format="gray").mean() < 30
        preview.show(lambda: np.full((90, 160, 3), 250, np.uint8))
        assert (await track.recv()).to_ndarray(format="gray").mean() > 200
        track.stop()

    with caplog.at_level(logging.ERROR):
        run(test)
    assert [record.message for record in caplog.records] == [
        "a picture for a viewer could not be drawn"
    ]
