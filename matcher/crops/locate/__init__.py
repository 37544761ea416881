"""Whether one picture is a crop of another, and where it was cut out."""
