"""Sweeps over pictures, budgets, modes and codecs: `textsketch evaluate`."""
