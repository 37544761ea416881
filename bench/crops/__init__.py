"""Crops: located, proposed and framed, each beside what people use today."""
