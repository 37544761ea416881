"""The demo: a small shop and a film of it, matched and compared with the truth."""
