"""The method: detect, track, embed, shortlist, verify, decide; read `pipeline.py` first."""
