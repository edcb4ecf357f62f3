"""The component model: its own test suite, and tests of ours."""
