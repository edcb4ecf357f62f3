"""docs/configuration.md, made from the descriptions of fields in ``wasmz/config.py``; as a program, writes the page."""

from __future__ import annotations

from pathlib import Path

from wasmz.config import Config
from wasmz.settings import Setting

PAGE = Path(__file__).parent.parent.parent / "docs" / "configuration.md"

HEAD = """\
# Configuration

What `wasmz.Config` takes. Each engine has a configuration, and what is made with the engine has it, too. A wrong value
is a `TypeError` or `ValueError` that names the field. `config.replace(fuel=1000)` gives the same settings but for some.

A field "in the key" is part of the key of the compilation cache: it changes generated code, or whether a module is
accepted. A precompiled file brings along the limits that were set when it was compiled.

This page is made by `python -m tests.support.configuration_page`.
"""

TAIL = """
## Short forms

`--eager-compile` and `--smart-compile` are short forms of `--compile-mode`, as `eager_compile=True` is of
`compile_mode="eager"`. `Config(tier=...)` and `--tier` are deprecated, and go with version 0.3: `"eager"` is
`compile_mode="eager"`, and `"auto"` is `compile_mode="smart"`.
"""


def render_page() -> str:
    """The page's text."""
    entries = [_entry(name, about) for name, about in Config.settings.items() if not name.startswith("_")]
    return HEAD + "".join(entries) + TAIL


def _entry(name: str, about: Setting) -> str:
    # The only default that differs between systems.
    default = "20000; 6000 on CPython 3.11" if name == "max_call_depth" else repr(about.default)
    facts = [f"`{about.type}`", f"default `{default}`"]
    if about.option:
        facts.append(f"`{f'{about.option} {about.metavar}'.rstrip()}`")
    facts += ["in the key"] if about.key is not None else []
    facts += ["a limit"] if about.is_limit else []
    meaning = about.help.replace("``", "`").replace("docs/limits.md", "[Limits](limits.md)")
    return f"\n## {name}\n\n{meaning}\n\n*{' · '.join(facts)}*\n"


if __name__ == "__main__":
    PAGE.write_text(render_page(), encoding="utf-8")
