"""Work that takes longer than a request: on disk, one after another, going on after a restart."""
