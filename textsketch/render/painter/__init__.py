"""The embedded painter: paints on any CPU, with a small network for the last touch."""
