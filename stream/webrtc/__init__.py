"""WebRTC: publishers (WHIP) as live sources, annotated previews for viewers (WHEP)."""
