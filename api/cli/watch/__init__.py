"""`skulens watch`: a camera or a recording, here or on a service."""
