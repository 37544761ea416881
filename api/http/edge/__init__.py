"""What a worker does before the engine is asked: checks, limits, headers, forwarding."""
