"""The text coder: a caption as bits, with a shipped prior."""
