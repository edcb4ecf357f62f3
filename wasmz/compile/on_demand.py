"""Compiles functions one at a time, when the runtime asks for them (runtime/calls/tier_up.py).

compiler = TierCompiler(data, config)
compiler.compile(5, BASELINE)       validates function 5; compiles it quickly, to code that counts how hot it is
compiler.compile(5, OPTIMISED)      compiles it at ``config.opt_level``
compiler.compile(5, CodeForm.of(0)) compiles the continuation of its first loop, at ``config.opt_level``
"""

from __future__ import annotations

from wasmz.baseline.draft import Unbalanced, Unfit
from wasmz.baseline.function import compile_function
from wasmz.baseline.module import BaselineModule
from wasmz.compile.faults import is_own
from wasmz.compile.front_end import load_module
from wasmz.config import Config
from wasmz.errors import ImplementationLimit, InvalidWasm, UnsupportedFeature
from wasmz.runtime.abi import BASELINE, OPTIMISED, CodeForm
from wasmz.runtime.image import FunctionCode
from wasmz.startup.concurrency import load, without_collections
from wasmz.startup.light import cached_property
from wasmz.wasm.proposals import accepted_by
from wasmz.wasm.syntax import WasmModule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasmz.compile.pipeline import CallFacts, ModuleCompiler

# What the baseline compiler raises for a function that it leaves to the pipeline. (Interrupts are not among these.)
_NOT_PLAINLY_VALID = (Unfit, Unbalanced, LookupError, InvalidWasm, UnsupportedFeature, ImplementationLimit)

# How many functions are examined, at most, to find out whether calls of an export nest deeply.
_MOST_CALLEES = 40


def find_reachable(data: bytes, config: Config, index: int) -> list[int]:
    """The functions with bodies that function ``index`` can reach by direct calls, itself included."""
    load("wasmz.compile.pipeline")
    from wasmz.compile.pipeline import ModuleCompiler, dismantle, find_calls

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
    """Compiles functions of a module whose other parts are known to be valid."""

    def __init__(self, data: bytes, config: Config, module: WasmModule | None = None) -> None:
        self.data = data
        self.config = config
        self.module: WasmModule = load_module(data, accepted_by(config)) if module is None else module
        self._imported = self.module.imported_function_count
        self._exported = {export.index for export in self.module.exports if export.kind == "func"}

    @cached_property
    def pipeline(self) -> ModuleCompiler:
        """The compiler for everything but baseline code. It is imported when it is first needed."""
        load("wasmz.compile.pipeline")
        from wasmz.compile.pipeline import ModuleCompiler

        return ModuleCompiler(self.data, self.module, self.config)

    @cached_property
    def baseline(self) -> BaselineModule:
        """The baseline compiler."""
        return BaselineModule(self.data, self.module, uses_fuel=self.config.fuel is not None)

    def compile(self, index: int, form: CodeForm) -> FunctionCode:
        """The code of function ``index`` in a form.

        Raises:
            InvalidWasm, UnsupportedFeature: the function is not valid, with the place in the module.
        """
        with without_collections():
            if form is BASELINE and not self.config._profiling:
                made = self._compile_quickly(index)
                if made is not None:
                    return made
            return self.pipeline.attempt(
                index, lambda: self._compile(index, form), lambda: self._compile(index, form, is_plain=True)
            )

    def _compile_quickly(self, index: int) -> FunctionCode | None:
        """Baseline code, made in one pass; ``None`` if the function needs the validator and the pipeline."""
        try:
            made = compile_function(self.baseline, self.module.bodies[index - self._imported])
        except _NOT_PLAINLY_VALID as problem:
            if not is_own(problem.__traceback__) or (self.config.verify and isinstance(problem, Unbalanced)):
                raise
            return None
        if self.config.verify:
            load("wasmz.codegen.verifier")
            from wasmz.codegen.verifier import verify_code

            verify_code(made.code)
        return made

    def _compile(self, index: int, form: CodeForm, *, is_plain: bool = False) -> FunctionCode:
        load("wasmz.compile.costs")
        from wasmz.compile.costs import find_costs

        load("wasmz.compile.pipeline")
        from wasmz.compile.pipeline import dismantle

        load("wasmz.irbuild.builder")
        from wasmz.irbuild.builder import ALL_LOOPS

        load("wasmz.irbuild.continuations")
        from wasmz.irbuild.continuations import add_counters, continue_loop

        load("wasmz.irbuild.profiling")
        from wasmz.irbuild.profiling import add_profiling

        compiler = self.pipeline
        function = compiler.build_index(index, ALL_LOOPS if form is BASELINE else form.loop)
        size = sum(len(block.body) for block in function.blocks)
        costs: tuple[int, ...] = ()
        if form is BASELINE and self.config._profiling:
            add_profiling(function)
        elif form is BASELINE:
            costs = find_costs(function)
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
        return FunctionCode(compiled.code, compiled.tail_code, entry_code, size, is_deep, costs)

    def _is_deep(self, index: int) -> bool:
        """Whether the function can reach recursion, a long chain of calls, a function of a table, or the host."""
        load("wasmz.compile.pipeline")
        from wasmz.compile.pipeline import dismantle, find_calls, find_deep_functions

        calls: dict[int, CallFacts] = {}
        work = [index]
        while work:
            found = work.pop()
            if found in calls:
                continue
            if found < self._imported or len(calls) == _MOST_CALLEES:
                return True
            function = self.pipeline.build_index(found)
            calls[found] = find_calls(function, self._imported)
            dismantle(function)
            if calls[found].is_open:
                return True
            work += calls[found].callees
        return index in find_deep_functions(calls)
