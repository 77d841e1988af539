"""Reading strangers' pictures, and colour spaces. Imports nothing but errors."""
