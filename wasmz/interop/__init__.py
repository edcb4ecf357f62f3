"""Host code for modules as toolchains and npm ship them: one file or folder for each family of them.

    linker.define_wasm_bindgen(module, "pkg/foo.js")        what one family's modules import
    wasmz.bind("pkg/foo_bg.wasm").greet("you")              and Python functions for what they export

``registry.py`` tells the families apart. No JavaScript is run: what a package's says is read as data.
"""
