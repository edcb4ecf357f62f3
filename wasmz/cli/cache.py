"""``wasmz cache``: lists the compilation cache, and makes it smaller."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import click

from wasmz.artifact import upkeep
from wasmz.artifact.cache import cache_directory, distrust
from wasmz.artifact.pyc import decode_functions, decode_pyc
from wasmz.config import Config
from wasmz.errors import WasmzError, bounded, counted


@click.group("cache")
@click.option("--dir", "directory", type=click.Path(file_okay=False), help="Another directory than the usual one.")
@click.pass_context
def cache_command(ctx: click.Context, /, directory: str | None) -> None:
    """Manage the compilation cache."""
    ctx.obj = cache_directory(Config(cache_dir=directory))


@cache_command.command("info")
@click.pass_obj
def info_command(directory: str) -> None:
    """Print the directory and size of the cache."""
    found = upkeep.entries(directory)
    click.echo(f"directory  {directory}{'' if Path(directory).is_dir() else ' (not there yet)'}")
    problem = distrust(directory) if Path(directory).is_dir() else None
    if problem is not None:
        click.echo(f"           not used: {problem}")
    limit = Config().cache_limit_bytes
    click.echo(
        f"size       {_bytes(sum(entry.size for entry in found))} of {'any' if limit is None else _bytes(limit)}"
    )
    click.echo(f"entries    {len(found):,}")
    for python in sorted({entry.python for entry in found}):
        own = [entry for entry in found if entry.python == python]
        here = "   (this one)" if python == sys.implementation.cache_tag else ""
        click.echo(f"  {python:<12} {len(own):>6,} entries {_bytes(sum(entry.size for entry in own)):>10}{here}")


@cache_command.command("list")
@click.pass_obj
def list_command(directory: str) -> None:
    """Print all entries, the most recently used first, with the modules' names."""
    for entry in upkeep.entries(directory):
        used = dt.datetime.fromtimestamp(entry.used).isoformat(" ", "minutes")
        kind = "module" if entry.name.endswith(".pyc") else "functions"
        key = entry.name.partition(".")[0][:12]
        name = _name_of(Path(directory, entry.name), entry)
        click.echo(f"{used}  {_bytes(entry.size):>8}  {entry.python:<11} {kind:<9} {key}  {name}")


def _name_of(path: Path, entry: upkeep.Entry) -> str:
    """The module's own name, and how large it is, if this Python can tell."""
    if entry.python != sys.implementation.cache_tag:
        return ""
    try:
        content = path.read_bytes()
        image = (decode_pyc if entry.name.endswith(".pyc") else decode_functions)(content)[0]
    except (OSError, WasmzError, ValueError):
        return "(for another version of wasmz, or damaged)"
    exported = next((export.name for export in image.exports if export.kind == "func"), None)
    name = image.name or (f"exports {exported}" if exported else "without a name")
    return f"{bounded(name)}, {counted(len(image.body_offsets), 'function')}"


@cache_command.command("prune")
@click.option("--max-size", type=click.IntRange(min=0), metavar="MB", help="Keep what was used last and fits.")
@click.option("--older-than", type=click.FloatRange(min=0), metavar="DAYS", help="Remove what was unused for so long.")
@click.pass_obj
def prune_command(directory: str, max_size: int | None, older_than: float | None) -> None:
    """Remove entries; without options, as many as the cache itself would."""
    limit = Config().cache_limit_bytes if max_size is None and older_than is None else None
    limit = max_size << 20 if max_size is not None else limit
    seconds = None if older_than is None else older_than * 86_400
    _report(upkeep.prune(directory, limit, seconds))


@cache_command.command("clear")
@click.pass_obj
def clear_command(directory: str) -> None:
    """Remove all entries."""
    _report(upkeep.clear(directory))


def _report(removed: list[upkeep.Entry]) -> None:
    click.echo(f"removed {len(removed):,} entries, {_bytes(sum(entry.size for entry in removed))}")


def _bytes(size: int) -> str:
    amount = float(size)
    for unit in ("bytes", "KB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"
