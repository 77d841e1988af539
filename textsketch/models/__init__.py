"""Pretrained weights: the list, the hub, the loaded networks, CLIP, and what is missing, in one sentence."""
