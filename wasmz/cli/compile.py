"""``wasmz compile`` and ``wasmz validate``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wasmz.cache import write_atomically
from wasmz.cli.common import FILE, compile_file, engine_options, make_engine
from wasmz.module import Module
from wasmz.precompiled import encode_pyc, hash_source


@click.command("compile")
@click.argument("file", type=FILE)
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="The file to write; by default FILE with .pyc.")
@engine_options
def compile_command(file: str, output: str | None, **options: Any) -> None:
    """Compile FILE to a .pyc that Python can import."""
    source = Path(file)
    target = Path(output) if output is not None else source.with_suffix(".pyc")
    module = compile_file(make_engine(**options), file)
    content = encode_pyc(module.image, hash_source(source.read_bytes()))
    write_atomically(target, content)
    click.echo(f"{target}: {len(content):,} bytes, {len(module.image.code):,} functions")


@click.command("validate")
@click.argument("file", type=FILE)
def validate_command(file: str) -> None:
    """Check that FILE is a valid module."""
    Module.validate(file)
    click.echo(f"{file}: valid")
