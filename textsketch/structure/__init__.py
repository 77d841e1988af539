"""Where a picture's lines run: edge detection, stroke selection, skeletons, soft edge maps and their coders."""
