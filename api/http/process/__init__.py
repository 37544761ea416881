"""The service's processes: workers, engine, and what keeps the engine alive."""
