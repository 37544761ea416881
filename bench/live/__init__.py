"""Live cameras and films, from sender to event."""
