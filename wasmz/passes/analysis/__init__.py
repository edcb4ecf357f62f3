"""Analyses that several passes use: intervals, ranges over loops, induction variables."""
