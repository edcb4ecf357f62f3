"""What is known of values, for several passes: intervals, ranges over loops, what loops change regularly."""
