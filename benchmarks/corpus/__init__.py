"""Real programs that the project's corpus fetches: their steady state, and how they start."""
