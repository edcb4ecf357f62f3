"""Modules on their way to others: bundles for several Pythons, stub files, other processes."""
