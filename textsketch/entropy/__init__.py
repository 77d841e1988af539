"""Entropy coding in integers: a range coder and adaptive bit models shared by all layers."""
