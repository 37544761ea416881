"""The ranker of thumbnails: trained on photos as photographers framed them, without labels."""
