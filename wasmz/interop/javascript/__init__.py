"""JavaScript's values and standard objects in Python, as far as compiled modules use them without a browser."""
