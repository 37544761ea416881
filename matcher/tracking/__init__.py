"""From frame to frame: tracks, votes, appearances, events."""
