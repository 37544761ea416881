"""WebRTC: WHIP publishers and WHEP viewers."""
