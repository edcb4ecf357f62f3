"""wasm-bindgen: modules whose imports and exports a JavaScript file beside them describes, which is read, not run."""
