"""Ships modules: bundles for several Pythons, stub files, instances in other processes."""
