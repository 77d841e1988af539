"""Puts this folder on the import path, so that tests share the fake hub and the tiny models."""
