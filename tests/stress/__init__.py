"""Programs that run for as long as one likes, of which the tests run a bounded sample."""
