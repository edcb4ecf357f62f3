"""Builds the IR of decoded functions, and adds counters, fuel and profiling to it."""
