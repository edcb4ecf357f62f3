"""Text to bytes: cut into tokens, parsed, encoded."""
