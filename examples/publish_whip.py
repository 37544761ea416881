"""Publish a film or a camera to a running service over WebRTC (WHIP, RFC 9725).

python examples/publish_whip.py SERVER CATALOG FILM
python examples/publish_whip.py http://127.0.0.1:8000 shop /dev/video0

Events of the session come back over the data channel and are printed, one JSON object a line.
The key of a service that wants one is read from SKULENS_KEY.
"""

import asyncio
import os
import sys

import httpx2
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaPlayer


async def publish(server: str, catalog: str, film: str) -> None:
    """Publish until the film or the session ends."""
    is_camera = film.startswith("/dev/")
    video = MediaPlayer(film, format="v4l2" if is_camera else None).video
    if video is None:
        sys.exit(f"{film} has no pictures")
    peer, is_over = RTCPeerConnection(), asyncio.Event()
    events = peer.createDataChannel("events")
    events.on("message", lambda message: print(message, flush=True))
    events.on("close", is_over.set)
    video.on("ended", is_over.set)
    peer.addTrack(video)
    await peer.setLocalDescription(await peer.createOffer())

    key = os.environ.get("SKULENS_KEY")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with httpx2.AsyncClient(base_url=server, headers=headers) as http:
        reply = await http.post(
            f"/v1/catalogs/{catalog}/whip",
            content=peer.localDescription.sdp,
            headers={"Content-Type": "application/sdp"},
        )
        if reply.is_error:
            sys.exit(f"{server} refused: {reply.json()['detail']}")
        try:
            answer = RTCSessionDescription(reply.text, "answer")
            await peer.setRemoteDescription(answer)
            await is_over.wait()
        finally:
            await http.delete(reply.headers["Location"])
            await peer.close()


if __name__ == "__main__":
    asyncio.run(publish(*sys.argv[1:4]))
