"""SuperPoint and SuperGlue as pure torch modules and functions."""
