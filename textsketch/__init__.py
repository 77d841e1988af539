"""textsketch: a picture as caption, sketch and colour map, in the space of a sentence."""
