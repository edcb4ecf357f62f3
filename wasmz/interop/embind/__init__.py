"""embind, emscripten's bindings of C++: what modules register when they start, and the Python classes made of it."""
