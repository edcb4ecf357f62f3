"""Tests of the text format: what is read, what is printed, and errors."""
