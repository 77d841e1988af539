"""Renderers: every one paints a picture from whatever layers it is given. `registry` is their table.

It may import allocation, which spends bytes for a renderer, the layers' rooms and models; no coder imports it.
"""
