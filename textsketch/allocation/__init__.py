"""Spends a byte budget on the layers: for the painter, and for diffusion.

It packs what it considers, so it may import the codec's rooms and the file's frame, but no renderer.
"""
