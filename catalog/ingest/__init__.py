"""Taking pictures in: reading, checking, uploading."""
