"""Programs that run for any time, of which the tests run a sample."""
