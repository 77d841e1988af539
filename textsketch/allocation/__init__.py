"""Spends a byte budget on the layers: for the painter, and for diffusion."""
