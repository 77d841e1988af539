"""What "decodes for ever" stands on: format versions, shipped tables, integer grids, common sizes.

It knows no layer and imports no room but errors.
"""
