"""Pretrained weights: the list, the hub, the loaded networks, CLIP, and what is missing, in one sentence.

It knows networks by name only, and may import what stands below the layers; who uses a network imports this.
"""
