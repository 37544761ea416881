"""From a picture's file to its upright pixels in sRGB."""
