"""Limits on a guest's memory, call depth, fuel and time; the points where the runtime's own code can be stopped."""
