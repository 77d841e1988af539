"""Stable Diffusion steered by the layers."""
