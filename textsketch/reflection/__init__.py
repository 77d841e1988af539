"""Improves a picture's words: decodes, looks at what differs, rewrites within the same bytes, and again."""
