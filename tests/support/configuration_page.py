"""docs/configuration.md, made of what ``wasmz/config.py`` says of each field; run as a program, this writes it."""

from __future__ import annotations

from pathlib import Path

from wasmz.config import Config
from wasmz.settings import Setting

PAGE = Path(__file__).parent.parent.parent / "docs" / "configuration.md"

HEAD = """\
# Configuration

What `wasmz.Config` takes. Each engine has a configuration, and what is made with the engine has it, too. A wrong value
is a `TypeError` or `ValueError` that names the field. `config.replace(fuel=1000)` gives the same settings but for some.

"In the key" says whether the field is part of the key of the compilation cache: it changes generated code, or whether a
module is accepted. A precompiled file brings along the limits that were set when it was compiled.

This page is made by `python -m tests.support.configuration_page`.

| field | type | default | option | in the key | limit | meaning |
|---|---|---|---|---|---|---|
"""

TAIL = """
`--eager-compile` and `--smart-compile` are short forms of `--compile-mode`, as `eager_compile=True` is of
`compile_mode="eager"`. `Config(tier=...)` and `--tier` are deprecated, and go with version 0.3: `"eager"` is
`compile_mode="eager"`, and `"auto"` is `compile_mode="smart"`.
"""


def render_page() -> str:
    """The page's text."""
    rows = [_row(name, about) for name, about in Config.settings.items() if not name.startswith("_")]
    return HEAD + "\n".join(rows) + "\n" + TAIL


def _row(name: str, about: Setting) -> str:
    # The only default that is not the same everywhere.
    default = "20000; 6000 on CPython 3.11" if name == "max_call_depth" else repr(about.default)
    cells = [
        *(f"`{name}`", f"`{about.type}`".replace("|", "\\|"), f"`{default}`"),
        f"`{about.option} {about.metavar}".rstrip() + "`" if about.option else "",
        *("yes" if about.key is not None else "", "yes" if about.is_limit else ""),
        about.help.replace("``", "`").replace("|", "\\|"),
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(render_page(), encoding="utf-8")
