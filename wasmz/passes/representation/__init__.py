"""Parts of `represent`: how numbers are represented as Python ints, and how operations are written for that."""
