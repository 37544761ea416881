"""Viewers of a preview."""

import numpy as np
from av.video.frame import VideoFrame

from stream.webrtc.peers import WebRtcSettings
from stream.webrtc.preview import Preview
from stream.webrtc.protocol import WhepProtocol
from stream.webrtc.whep import WhepEndpoint
from tests.stream.peers.webrtc import ICE, SDP, WebRtcPeer, run


def test_a_viewer_gets_the_screen_and_is_counted() -> None:
    async def test() -> None:
        playback = WhepEndpoint(WebRtcSettings(ice=ICE))
        protocol = WhepProtocol(playback, "/viewer/{}".format)
        preview = Preview()
        client = WebRtcPeer()
        offer = (await client.offer(publishes=False)).encode()
        reply, key = await protocol.post(SDP, offer, preview)
        assert reply.status == 201
        assert "a=sendonly" in reply.body
        await client.accept(reply.body)
        track = client.peer.getReceivers()[0].track
        black = await track.recv()
        assert isinstance(black, VideoFrame)
        assert black.to_ndarray(format="gray").mean() < 30
        white = np.full((90, 2560, 3), 250, np.uint8)
        preview.show(lambda: white)
        while True:
            frame = await track.recv()
            assert isinstance(frame, VideoFrame)
            if (frame.width, frame.height) == (1280, 44):
                break
        assert frame.to_ndarray(format="gray").mean() > 200
        assert preview.viewers == 1
        assert (await protocol.delete(key or "")).status == 200
        assert preview.viewers == 0
        await client.peer.close()

    run(test)
