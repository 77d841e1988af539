"""Renderers: every one paints a picture from whatever layers it is given. `registry` is their table."""
