"""Components made of a world and a core module, by ``wasm-tools``.

build_component("package a:b; world c { export f: func() -> u8; }", '(module (func (export "f") (result i32) ...))')
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from tests.spec.suite import ConversionError, find_wasm_tools
from tests.support.built import missing
from tests.support.kept import kept

# The variant `error-code` of `wasi:http/types`, the same in 0.2 and 0.3, and the records in it.
HTTP_ERRORS = """
    record DNS-error-payload { rcode: option<string>, info-code: option<u16> }
    record TLS-alert-received-payload { alert-id: option<u8>, alert-message: option<string> }
    record field-size-payload { field-name: option<string>, field-size: option<u32> }
    variant error-code {
      DNS-timeout, DNS-error(DNS-error-payload), destination-not-found, destination-unavailable,
      destination-IP-prohibited, destination-IP-unroutable, connection-refused, connection-terminated,
      connection-timeout, connection-read-timeout, connection-write-timeout, connection-limit-reached,
      TLS-protocol-error, TLS-certificate-error, TLS-alert-received(TLS-alert-received-payload),
      HTTP-request-denied, HTTP-request-length-required, HTTP-request-body-size(option<u64>),
      HTTP-request-method-invalid, HTTP-request-URI-invalid, HTTP-request-URI-too-long,
      HTTP-request-header-section-size(option<u32>), HTTP-request-header-size(option<field-size-payload>),
      HTTP-request-trailer-section-size(option<u32>), HTTP-request-trailer-size(field-size-payload),
      HTTP-response-incomplete, HTTP-response-header-section-size(option<u32>),
      HTTP-response-header-size(field-size-payload), HTTP-response-body-size(option<u64>),
      HTTP-response-trailer-section-size(option<u32>), HTTP-response-trailer-size(field-size-payload),
      HTTP-response-transfer-coding(option<string>), HTTP-response-content-coding(option<string>),
      HTTP-response-timeout, HTTP-upgrade-failed, HTTP-protocol-error, loop-detected, configuration-error,
      internal-error(option<string>)
    }
"""


def build_component(wit: str, core: str) -> bytes:
    """The component of a core module in the text format; the test is skipped if there is no ``wasm-tools``.

    The package has one world. What the module imports and exports has the names that this gives it.
    """
    return kept(f"{wit}\n{core}".encode(), lambda: _make(wit, core))


def wasm_tools() -> str:
    """The command ``wasm-tools``; the test is skipped if there is none."""
    try:
        return find_wasm_tools()
    except ConversionError as error:
        missing(str(error))


def _make(wit: str, core: str) -> bytes:
    tool = wasm_tools()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "world.wit").write_text(wit, encoding="utf-8")
        (folder / "core.wat").write_text(core, encoding="utf-8")
        for command in (
            ["embed", "world.wit", "core.wat", "-o", "core.wasm"],
            ["new", "core.wasm", "-o", "component.wasm"],
        ):
            done = subprocess.run(
                [tool, "component", *command], cwd=folder, capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise ValueError(done.stderr)
        return (folder / "component.wasm").read_bytes()
