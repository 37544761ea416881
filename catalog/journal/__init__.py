"""The journal: entries, their commit, and the state that they add up to."""
