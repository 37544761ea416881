"""What the engine does about live sessions, on its event loop, around `api.live.services`."""
