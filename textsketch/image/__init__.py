"""Reading strangers' pictures within bounds, and colour spaces. It imports nothing but errors."""
