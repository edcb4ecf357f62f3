"""What keeps start-up short: parts of the standard library without their imports, and late imports made safe."""
