"""A video file as a job: it goes on where it stopped, and ends in a report."""
