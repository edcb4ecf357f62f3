"""From a compiled module to an instance: stores, linkers, names in globals."""
