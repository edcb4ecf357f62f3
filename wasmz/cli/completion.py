"""Completion in shells: what may come next on the command line, and ``wasmz completion``, which sets a shell up for it.

wasmz run lib.wasm --invoke <TAB>      the functions that lib.wasm exports
wasmz dis lib.wasm <TAB>               those that have a name
"""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class

from wasmz.cli.files import STREAM

# What completion reads of a file, at most: it must answer while somebody waits.
_LARGEST = 64 << 20


def complete_function(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The functions of FILE that have bodies, by the names of their exports, and their own."""
    exports, named = functions_of(ctx.params.get("file"))
    return _items([*exports, *named], incomplete)


def complete_words(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What may come after FILE of ``wasmz run``: a function, ``--invoke``, or an argument, which may be a file."""
    found = [] if ctx.params.get("words") else [*functions_of(ctx.params.get("file"))[0], "--invoke"]
    return [*_items(found, incomplete), CompletionItem(incomplete, type="file")]


def complete_export(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What may come after ``--invoke``: the functions that FILE exports, if it was named before."""
    return _items(functions_of(ctx.params.get("file"))[0], incomplete)


def complete_pass(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The passes of ``--after``."""
    from wasmz.passes import PIPELINES

    return _items(["all", "build", *PIPELINES[max(PIPELINES)]], incomplete)


def functions_of(file: object) -> tuple[list[str], list[str]]:
    """The names of the functions that a file exports, and of all that it has; none if it cannot be read."""
    from wasmz.errors import WasmzError

    if not isinstance(file, str) or file == STREAM:
        return [], []
    try:
        if Path(file).stat().st_size > _LARGEST:
            return [], []
        from wasmz.module import read_source
        from wasmz.wasm.decoder import decode_module
        from wasmz.wasm.proposals import ALL_PROPOSALS

        module = decode_module(bytes(read_source(file)), ALL_PROPOSALS)
    except (OSError, ValueError, MemoryError, WasmzError):
        return [], []
    exports = [export.name for export in module.exports if export.kind == "func"]
    named = [name for index, name in module.names.functions.items() if index >= module.imported_function_count]
    return exports, named


def _items(names: list[str], incomplete: str) -> list[CompletionItem]:
    """Those that go on from what was typed, each once."""
    return [CompletionItem(name) for name in dict.fromkeys(names) if name.startswith(incomplete)]


@click.command("completion", short_help="Print what makes a shell complete wasmz's words.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion_command(ctx: click.Context, /, shell: str) -> None:
    """Print the script that makes SHELL complete commands, options, files and functions.

    \b
    bash   echo 'eval "$(wasmz completion bash)"' >> ~/.bashrc
    zsh    echo 'eval "$(wasmz completion zsh)"' >> ~/.zshrc
    fish   wasmz completion fish > ~/.config/fish/completions/wasmz.fish
    """
    made = get_completion_class(shell)
    if made is None:  # not one of click's any more
        raise click.UsageError(f"there is no completion for {shell}")
    click.echo(made(ctx.find_root().command, {}, "wasmz", "_WASMZ_COMPLETE").source())
