"""Compiles functions one at a time, as the runtime asks for them (runtime/calls/tier_up.py).

compiler = TierCompiler(data, config)
compiler.compile(5, BASELINE)      validates function 5; quick to compile, and counts how hot it is
compiler.compile(5, OPTIMISED)     at ``config.opt_level``
compiler.compile(5, CodeForm.of(0)) the continuation of its first loop, at ``config.opt_level``
"""

from __future__ import annotations

from wasmz.compile.pipeline import (
    CallFacts,
    ModuleCompiler,
    dismantle,
    find_calls,
    find_deep_functions,
    load_module,
)
from wasmz.config import Config
from wasmz.irbuild.continuations import add_counters, continue_loop
from wasmz.irbuild.profiling import add_profiling
from wasmz.runtime.abi import BASELINE, OPTIMISED, CodeForm
from wasmz.runtime.image import FunctionCode
from wasmz.startup.concurrency import without_collections
from wasmz.wasm.proposals import accepted_by
from wasmz.wasm.syntax import WasmModule

# To find out whether calls of an export nest deeply, so many functions are looked at.
_MOST_CALLEES = 40


def find_reachable(data: bytes, config: Config, index: int) -> list[int]:
    """The functions with bodies that function ``index`` can reach, itself included; not through tables."""
    module = load_module(data, accepted_by(config))
    compiler = ModuleCompiler(data, module, config)
    found: set[int] = set()
    work = [index]
    with without_collections():
        while work:
            index = work.pop()
            if index in found or index < module.imported_function_count:
                continue
            found.add(index)
            function = compiler.build_index(index)
            work += find_calls(function, module.imported_function_count).callees
            dismantle(function)
    return sorted(found)


class TierCompiler:
    """Compiles the functions of a module of which everything but the bodies is known to be valid."""

    def __init__(self, data: bytes, config: Config, module: WasmModule | None = None) -> None:
        self.config = config
        module = load_module(data, accepted_by(config)) if module is None else module
        self._compiler = ModuleCompiler(data, module, config)
        self._imported = module.imported_function_count
        self._exported = {export.index for export in module.exports if export.kind == "func"}

    def compile(self, index: int, form: CodeForm) -> FunctionCode:
        """The code of function ``index`` in a form.

        Raises:
            InvalidWasm, UnsupportedFeature: the function is not valid, with the place in the module.
        """
        with without_collections():
            return self._compiler.attempt(
                index, lambda: self._compile(index, form), lambda: self._compile(index, form, is_plain=True)
            )

    def _compile(self, index: int, form: CodeForm, *, is_plain: bool = False) -> FunctionCode:
        compiler = self._compiler
        function = compiler.build_index(index)
        size = sum(len(block.body) for block in function.blocks)
        if form is BASELINE and self.config._profiling:
            add_profiling(function)
        elif form is BASELINE:
            add_counters(function)
        elif form.loop is not None:
            function = continue_loop(function, form.loop)
        if is_plain:
            compiler.verify(function)
        elif form is BASELINE:
            compiler.prepare(function)
        else:
            compiler.optimise(function)
        entry_code = None
        is_deep = True
        if form is OPTIMISED and index in self._exported:
            entry_code = compiler.lower_entry(compiler.body(index), function)
            is_deep = self._is_deep(index)
        compiled = compiler.lower(function)
        dismantle(function)
        return FunctionCode(compiled.code, compiled.tail_code, entry_code, size, is_deep)

    def _is_deep(self, index: int) -> bool:
        """Whether recursion, a long chain of calls, a table's function or the host can be reached."""
        calls: dict[int, CallFacts] = {}
        work = [index]
        while work:
            found = work.pop()
            if found in calls:
                continue
            if found < self._imported or len(calls) == _MOST_CALLEES:
                return True
            function = self._compiler.build_index(found)
            calls[found] = find_calls(function, self._imported)
            dismantle(function)
            if calls[found].is_open:
                return True
            work += calls[found].callees
        return index in find_deep_functions(calls)
