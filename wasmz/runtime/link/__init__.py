"""Makes instances of compiled modules: stores, linkers, names in globals."""
