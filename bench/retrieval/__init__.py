"""How well the shortlist and the text search find."""
