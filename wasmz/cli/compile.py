"""``wasmz compile`` and ``wasmz validate``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from wasmz.artifact.cache import write_output
from wasmz.artifact.pyc import encode_pyc, hash_source
from wasmz.cli.common import FILE, Command, code_options
from wasmz.cli.console import progress_of
from wasmz.cli.files import STREAM, check_target, source_of
from wasmz.cli.options import make_engine
from wasmz.config import Config
from wasmz.errors import counted
from wasmz.module import errors_in_text, read_bytes, read_source
from wasmz.runtime.link.engine import Engine
from wasmz.types import FuncType
from wasmz.wasm.preamble import is_component


@click.command("compile", cls=Command, short_help="Compile FILE to a .pyc that Python imports.")
@click.argument("file", type=FILE)
@click.option("-o", "--output", type=click.Path(), help='What to write; by default FILE with .pyc; "-" prints a .pyc.')
@click.option("--python", "versions", metavar="VERSIONS", help="Compile for these, as 3.11,3.12: a folder is written.")
@click.option("--no-wasm", is_flag=True, help="With --python: leave out the wasm, from which other versions compile.")
@click.option("--standalone", is_flag=True, help="Write a .pyz that runs where wasmz is not installed.")
@click.option("--jobs", type=click.IntRange(min=0), default=1, metavar="N", help="Use N processes; 0: one a processor.")
@click.option("--profile-use", type=FILE, help="Compile for what a run counted (see run --profile-out).")
@code_options
def compile_command(
    file: str,
    output: str | None,
    versions: str | None,
    no_wasm: bool,
    standalone: bool,
    jobs: int,
    profile_use: str | None,
    **options: Any,
) -> None:
    """Compile FILE to a .pyc that Python can import.

    With --python it becomes a folder, by default the current one, with a module for each version. With --standalone it
    becomes an archive that Python runs.
    """
    engine = make_engine(options, compile_mode="eager")
    source = Path(file)
    if file == STREAM and (output is None or versions is not None or standalone):
        raise click.UsageError("the module from standard input has no name: name the .pyc with -o")
    if versions is not None or standalone:
        if profile_use is not None:
            raise click.UsageError("--profile-use is for one version of Python, without --python and --standalone")
        _compile_bundle(source, output, versions, standalone, not no_wasm, jobs, engine)
        return
    if no_wasm:
        raise click.UsageError("--no-wasm is for --python")
    is_stream = output == "-"
    target = Path(output) if output is not None else source.with_suffix(".pyc")
    check_target(source, target)
    data = read_bytes(source_of(file))
    content, said = (_compile_component if is_component(data) else _compile_module)(
        data, file, engine, jobs, profile_use
    )
    if is_stream:
        sys.stdout.buffer.write(content)
        return
    write_output(target, content)
    click.echo(f"{target}: {len(content):,} bytes, {said}")


def _compile_module(data: bytes, file: str, engine: Engine, jobs: int, profile_use: str | None) -> tuple[bytes, str]:
    """The contents of a module's `.pyc`, and what it has."""
    # Imported only here: other commands need no compiler.
    from wasmz.compile.parallel import compile_frozen
    from wasmz.compile.profile import load_profile

    given = read_source(data, file)
    data = bytes(given)
    # The cache does not distinguish profiles, and need not store code that goes to a file anyway.
    profile = None if profile_use is None else load_profile(profile_use, data)
    with errors_in_text(given), progress_of(Path(file).name) as progress:
        image, code = compile_frozen(data, engine.config, jobs, progress, profile)
    content = encode_pyc(image, hash_source(data), code, engine.config.limits)
    return content, counted(len(image.body_offsets), "function")


def _compile_component(data: bytes, file: str, engine: Engine, jobs: int, profile_use: str | None) -> tuple[bytes, str]:
    """The same for a component."""
    from wasmz.ship.component_pyc import compile_component

    if profile_use is not None:
        raise click.UsageError(f"--profile-use is for modules, and {file} is a component")
    content, modules = compile_component(data, engine.config, jobs)
    return content, f"{modules} core modules"


def _compile_bundle(
    source: Path,
    output: str | None,
    versions: str | None,
    standalone: bool,
    with_wasm: bool,
    jobs: int,
    engine: Engine,
) -> None:
    from wasmz.ship import bundle

    pythons = [bundle.this_python()] if versions is None else bundle.find_pythons(versions)
    config = engine.config
    settings = config.changes
    for_whom = ", ".join(python.tag for python in pythons)
    if standalone:
        _check_command(source, engine)
        target = source.with_suffix(".pyz") if output is None else Path(output)
        check_target(source, target)
        content = bundle.archive(source, pythons, settings, jobs=jobs)
        write_output(target, content, 0o777)
        click.echo(f"{target}: {len(content):,} bytes, for {for_whom}")
        return
    folder = Path() if output is None else Path(output)
    files = bundle.set_files(source, pythons, settings, with_wasm=with_wasm, jobs=jobs)
    bundle.write_set(files, folder)
    click.echo(f"{folder}: {len(files)} files, {sum(map(len, files.values())):,} bytes, for {for_whom}")


def _check_command(source: Path, engine: Engine) -> None:
    """Raises a usage error if a file is valid, but no program."""
    wanted = "no function _start"
    if is_component(read_bytes(source)):
        from wasmz.component.commands import is_command
        from wasmz.component.component import Component

        wanted = "no wasi:cli/run"
        is_program = is_command(Component.compile(engine, source))
    else:
        # Imported only here.
        from wasmz.compile.front_end import load_module
        from wasmz.wasm.proposals import accepted_by

        given = read_source(source)
        with errors_in_text(given):
            module = load_module(bytes(given), accepted_by(engine.config))
        starts = (item.index for item in module.exports if item.name == "_start" and item.kind == "func")
        is_program = any(module.function_type(index) == FuncType((), ()) for index in starts)
    if not is_program:
        raise click.UsageError(f"{source} is not a command: it exports {wanted}, so there is nothing to run")


@click.command("validate")
@click.argument("file", type=FILE)
@click.option("--legacy-exceptions", is_flag=True, help="Accept the legacy exception-handling proposal.")
def validate_command(file: str, legacy_exceptions: bool) -> None:
    """Check that FILE is a valid module or component."""
    # Imported only here: it needs the decoder.
    from wasmz.compile.front_end import validate
    from wasmz.wasm.proposals import accepted_by

    proposals = accepted_by(Config(legacy_exceptions=legacy_exceptions))
    source = source_of(file)
    data = read_bytes(source)
    if is_component(data):
        from wasmz.component.binary.decoder import decode_component
        from wasmz.component.validation.validator import validate_component

        validate_component(decode_component(data, proposals), proposals)
    else:
        binary = read_source(data, source if isinstance(source, str) else source.name)
        with errors_in_text(binary):
            validate(bytes(binary), proposals)
    click.echo(f"{file}: valid")
