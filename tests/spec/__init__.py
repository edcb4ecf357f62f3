"""The specification's own test suite, run through the public API: ``python -m tests.spec`` prints a table."""
