"""The rendered film: room, hand, camera path, light and truth."""
