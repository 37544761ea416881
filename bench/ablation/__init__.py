"""The worth of each trained part: the same data with one part exchanged at a time."""
