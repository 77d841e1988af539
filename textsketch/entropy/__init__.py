"""Entropy coding in integers: a range coder and adaptive bit models shared by all layers.

It may import the codestream's tables, and nothing that knows what is coded.
"""
