"""From a decoded function to its IR, and what is added to it there: counters, fuel, profiles."""
