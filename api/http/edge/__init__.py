"""The edge, before the engine: checks, limits, headers, the page, forwarding."""
