"""What "decodes for ever" stands on: format versions, shipped tables, common sizes. It knows no layer."""
