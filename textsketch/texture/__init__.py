"""What colours a picture has: the colour map, its wavelet, its grain and its coder."""
