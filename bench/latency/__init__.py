"""How long it takes: photos, frames, HTTP."""
