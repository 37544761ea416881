"""Live matching as a service: sources, cameras, events and webhooks."""
