"""A video file as a job: matched frame by frame, it goes on where it was killed."""
