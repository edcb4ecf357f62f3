"""Parts of the passes over loops."""
