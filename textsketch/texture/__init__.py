"""What colours a picture has: the colour map, its wavelet, its grain and its coder.

It may import structure, at whose strokes colours stop, and semantic, whose field it refines.
"""
