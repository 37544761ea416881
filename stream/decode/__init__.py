"""From packets to frames: time, pixels, frozen pictures."""
