"""What instances keep things in: memories, tables, globals, and what code calls for them."""
