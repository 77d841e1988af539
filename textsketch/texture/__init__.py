"""What colours a picture has: the colour map and its coder."""
