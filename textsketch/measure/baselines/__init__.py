"""Other codecs at the same bytes."""
