"""`skulens crop locate`, measured on pairs made of real pictures."""
