"""What lies between a picture's file and its upright pixels in sRGB."""
