"""``wasmz compile`` and ``wasmz validate``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wasmz.cache import write_atomically
from wasmz.cli.common import FILE, compile_file, engine_options, make_engine
from wasmz.module import Module
from wasmz.precompiled import encode_pyc, hash_source
from wasmz.runtime.engine import Engine
from wasmz.runtime.image import ModuleImage


@click.command("compile")
@click.argument("file", type=FILE)
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="The file to write; by default FILE with .pyc.")
@click.option("--profile-use", type=FILE, help="Compile for what a run counted (see run --profile-out).")
@engine_options
def compile_command(file: str, output: str | None, profile_use: str | None, **options: Any) -> None:
    """Compile FILE to a .pyc that Python can import."""
    options["tier"] = "eager"
    source = Path(file)
    target = Path(output) if output is not None else source.with_suffix(".pyc")
    engine = make_engine(**options)
    code = None
    if profile_use is None:
        module = compile_file(engine, file)
        image = module.image
        if module.supply is not None:
            code = module.supply.frozen
    else:
        image = _compile_for(profile_use, source, engine)
    content = encode_pyc(image, hash_source(source.read_bytes()), code)
    write_atomically(target, content)
    click.echo(f"{target}: {len(content):,} bytes, {len(image.body_offsets):,} functions")


def _compile_for(profile: str, source: Path, engine: Engine) -> ModuleImage:
    """Compiles with a profile; the cache knows nothing of profiles."""
    from wasmz.compiler import compile_module
    from wasmz.profile import load_profile

    data = source.read_bytes()
    return compile_module(data, engine.config, profile=load_profile(profile, data))


@click.command("validate")
@click.argument("file", type=FILE)
def validate_command(file: str) -> None:
    """Check that FILE is a valid module."""
    Module.validate(file)
    click.echo(f"{file}: valid")
