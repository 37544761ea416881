"""Products and their reference images: storage, journal, index, immutable snapshot."""
