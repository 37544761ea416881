"""Live sessions on the engine's event loop, around `api.live.services`."""
