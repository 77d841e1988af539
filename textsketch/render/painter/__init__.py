"""The embedded painter: paints on any CPU, without a network."""
