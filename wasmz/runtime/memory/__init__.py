"""The state of instances: memories, tables and globals; and the functions that code calls for them."""
