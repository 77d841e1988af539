"""All that "decodes for ever" stands on: header and segments, format versions, common sizes, shipped tables."""
