"""The pipeline: compiles a module's bytes to a :class:`~wasmz.runtime.image.ModuleImage`.

bytes -> decode_module, validate_module          wasm/
      -> for each body: decode_body, validate_body
                        build_function           irbuild/
                        run_passes               passes/
                        compile_function         codegen/
      -> ModuleImage
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import TYPE_CHECKING, TypeVar

from wasmz.codegen.emitter import ModuleFacts
from wasmz.codegen.entry import SMALL, compile_entry, has_entry_form
from wasmz.codegen.function import compile_function
from wasmz.codegen.targets import current_target
from wasmz.codegen.verifier import verify_code
from wasmz.compile.faults import attempt
from wasmz.compile.front_end import load_module, make_image
from wasmz.config import Config
from wasmz.ir.nodes import Function, label

# Importing these registers the instructions that they build.
from wasmz.irbuild import descriptors, exceptions, gc, wide  # noqa: F401
from wasmz.irbuild.builder import Signatures, build_function
from wasmz.irbuild.fuel import add_fuel
from wasmz.irbuild.hints import apply_hints, move_unlikely
from wasmz.irbuild.profiling import FunctionProfile, Profile, annotate, order_blocks
from wasmz.runtime import abi
from wasmz.runtime.image import FunctionCode, ModuleImage
from wasmz.startup.concurrency import load, without_collections
from wasmz.startup.light import cached_property
from wasmz.startup.records import Record
from wasmz.types import MEMORY32_LIMIT_BYTES, FuncType, MemoryType, ValType
from wasmz.wasm.body import decode_body
from wasmz.wasm.body_validator import validate_body
from wasmz.wasm.branch_hints import read_branch_hints
from wasmz.wasm.proposals import accepted_by
from wasmz.wasm.syntax import FunctionBody, WasmModule

if TYPE_CHECKING:
    from wasmz.codegen.targets.base import Target
    from wasmz.passes import Observer
    from wasmz.passes.context import Context

_Made = TypeVar("_Made")

# Called with the number of functions compiled so far, and the number of all.
Progress = Callable[[int, int], None]

# In a profile, a function with fewer calls and loop iterations than this is cold.
_WARM = 200

# A chain of direct calls up to this long needs no recursion limit above Python's own.
_SHALLOW_DEPTH = 40


class CallFacts(Record):
    """The functions that a function calls directly, and whether it may call others: those of tables or of the host."""

    callees: frozenset[int]
    is_open: bool


class WholeFunction(Record):
    """A function's code, and what it calls. Whether the function is deep is not known yet."""

    made: FunctionCode
    calls: CallFacts


class ModuleCompiler:
    """Compiles the functions of one decoded and validated module, in any order."""

    def __init__(self, data: bytes, module: WasmModule, config: Config) -> None:
        self.data = data
        self.module = module
        self.config = config
        self.target: Target = current_target()
        self.signatures: Signatures = _signatures(module)
        self.facts: ModuleFacts = _facts(module)
        self.hints: dict[int, dict[int, bool]] = read_branch_hints(data, module)
        self.filename: str = f"<wasm {module.names.module or 'module'}>"

    @cached_property
    def context(self) -> Context:
        """What passes may know about the module."""
        # Imported only here: baseline code goes through no passes, and they take 30 ms to import.
        load("wasmz.passes.context")
        from wasmz.passes.context import context_of

        config = self.config
        disabled = frozenset(config.disable_passes)
        if config.counts_calls:
            # A call that was inlined would not be counted.
            disabled |= {"inline"}
        if any(type.minimum * type.page_bytes > MEMORY32_LIMIT_BYTES for type in self.module.memory_types):
            # These passes assume that no loop reaches the end of the address space.
            disabled |= {"idioms", "arrays", "streams"}
        if not config.uses_numpy:
            disabled |= {"arrays"}
        return context_of(self.module, self.data, self.build_index, verify=config.verify, disabled=disabled)

    def build(self, body: FunctionBody, loop: int | None = None) -> Function:
        """Decodes and validates a body and builds its IR, before any pass; see :func:`build_function` for ``loop``."""
        module = self.module
        instructions = decode_body(self.data, body, module)
        validate_body(module, body.index, instructions)
        locals = list(self.signatures.functions[body.index].params)
        for count, type in body.locals:
            locals += [type] * count
        name = module.names.functions.get(body.index)
        function = build_function(self.signatures, body.index, name, locals, instructions, body.start, loop)
        if body.index in self.hints:
            apply_hints(function, self.hints[body.index])
        if self.config.fuel is not None:
            add_fuel(function)
        return function

    def build_index(self, index: int, loop: int | None = None) -> Function:
        """The IR of a function defined in the module, before any pass."""
        return self.build(self.body(index), loop)

    def body(self, index: int) -> FunctionBody:
        """The body of a function defined in the module."""
        return self.module.bodies[index - self.module.imported_function_count]

    @cached_property
    def exported(self) -> frozenset[int]:
        """The indices of exported functions."""
        return frozenset(export.index for export in self.module.exports if export.kind == "func")

    def compile_whole(self, body: FunctionBody, profile: Profile | None = None) -> WholeFunction:
        """Compiles a function at the configured level; with a profile, at the level that its counts ask for."""
        with without_collections():
            return self.attempt(
                body.index, lambda: self._compile_whole(body, profile), lambda: self._compile_whole(body, None, 0)
            )

    def _compile_whole(self, body: FunctionBody, profile: Profile | None, level: int | None = None) -> WholeFunction:
        function = self.build(body)
        if profile is not None:
            level = apply_profile(function, profile.functions.get(body.index), self.config)
        self.optimise(function, level=level)
        if profile is not None:
            order_blocks(function)
        calls = find_calls(function, self.module.imported_function_count)
        entry = self.lower_entry(body, function) if body.index in self.exported else None
        compiled = self.lower(function)
        dismantle(function)
        return WholeFunction(FunctionCode(compiled.code, compiled.tail_code, entry), calls)

    def attempt(self, index: int, optimised: Callable[[], _Made], plain: Callable[[], _Made]) -> _Made:
        """What ``optimised`` makes of a function, or ``plain`` if a pass is at fault (see `compile/faults.py`)."""
        what = f"function {label(index, self.module.names.functions.get(index))}"
        return attempt(what, optimised, plain, is_strict=self.config.verify)

    def verify(self, function: Function, after: str | None = None) -> None:
        """Checks the IR if the configuration asks for it."""
        if self.config.verify:
            # Imported only here: users do not need it.
            load("wasmz.ir.verifier")
            from wasmz.ir.verifier import verify_function

            verify_function(function, after=after)

    def optimise(self, function: Function, observe: Observer | None = None, level: int | None = None) -> None:
        """Runs the passes of a level, by default the configured one; ``observe`` sees the function after each."""
        self.verify(function)
        wanted = self.config.opt_level if level is None else level
        if wanted:
            load("wasmz.passes")
            from wasmz.passes import run_passes

            run_passes(function, wanted, self.context, observe)
            if function.index in self.hints:
                move_unlikely(function)

    def prepare(self, function: Function) -> None:
        """Runs the few passes that pay off for code that may run only once."""
        load("wasmz.passes")
        from wasmz.passes import run_plain

        self.verify(function)
        run_plain(function, self.context)

    def lower(self, function: Function, *, every_offset: bool = False) -> FunctionCode:
        """Emits the code objects of an optimised function; see :func:`compile_function` for ``every_offset``."""
        compiled = compile_function(self.target, self.facts, function, self.filename, every_offset=every_offset)
        if self.config.verify:
            verify_code(compiled.code)
            if compiled.tail_code is not None:
                verify_code(compiled.tail_code)
        if not function.gap_memories:
            return compiled
        tail_code = None if compiled.tail_code is None else self._name_gaps(compiled.tail_code, function)
        return FunctionCode(self._name_gaps(compiled.code, function), tail_code)

    def _name_gaps(self, code: CodeType, function: Function) -> CodeType:
        """Adds names to code which tell that memories may not reach the last page of their address space."""
        types, found = self.module.memory_types, function.gap_memories
        gaps = [
            abi.gap(index) for index, type in enumerate(types) if index in found or (-1 in found and _may_fill(type))
        ]
        return code.replace(co_names=(*code.co_names, *gaps))

    def lower_entry(self, body: FunctionBody, function: Function) -> CodeType | None:
        """The entry form of an exported function, if it has one; ``function`` is its optimised IR."""
        config = self.config
        if not config.opt_level or config.fuel is not None or config.counts_calls or not has_entry_form(function):
            return None
        return self.attempt(body.index, lambda: self._lower_entry(body), lambda: None)

    def _lower_entry(self, body: FunctionBody) -> CodeType | None:
        rebuilt = self.build(body)
        rebuilt.parameter_bounds = {i: SMALL for i, type in enumerate(rebuilt.type.params) if type is not ValType.F64}
        self.optimise(rebuilt)
        code = compile_entry(self.target, self.facts, rebuilt, self.filename)
        if self.config.verify:
            verify_code(code)
        return code if code is None else self._name_gaps(code, rebuilt)


def _may_fill(type: MemoryType) -> bool:
    """Whether the memory has 32-bit addresses and may grow to all bytes that they can name."""
    size = type.maximum
    return type.address_type is ValType.I32 and (size is None or size * type.page_bytes > MEMORY32_LIMIT_BYTES)


def dismantle(function: Function) -> None:
    """Takes a function's IR apart when it is no longer needed, so that it is freed at once."""
    for block in function.blocks:
        block.body = []
        block.params = []
        del block.terminator


def compile_module(
    data: bytes, config: Config, progress: Progress | None = None, profile: Profile | None = None
) -> ModuleImage:
    """Compiles a whole module, each function at the configured level; with a profile, at the level its counts ask for.

    Raises:
        InvalidWasm, UnsupportedFeature: with the place in the module; nothing is compiled then.
    """
    module = load_module(data, accepted_by(config))
    compiler = ModuleCompiler(data, module, config)
    whole: dict[int, WholeFunction] = {}
    for number, body in enumerate(module.bodies):
        whole[body.index] = compiler.compile_whole(body, profile)
        if progress is not None:
            progress(number + 1, len(module.bodies))
    deep = find_deep_functions({index: function.calls for index, function in whole.items()})
    functions = [function.made.with_depth(index in deep) for index, function in whole.items()]
    return make_image(data, module, config, functions)


def apply_profile(function: Function, profile: FunctionProfile | None, config: Config) -> int:
    """Gives the edges of a function their weights; returns the level to compile it at, which is 0 for cold code."""
    if profile is None or not annotate(function, profile) or profile.weight < _WARM:
        return 0
    return config.opt_level


def find_calls(function: Function, imported_count: int) -> CallFacts:
    """The calls of a function."""
    callees = set()
    is_open = False
    for block in function.blocks:
        for value in block.body:
            if value.op == "call":
                callees.add(value.imm)
            elif value.op == "call_indirect" or value.op == "call_ref":
                is_open = True
        if block.terminator.op == "return_call":
            callees.add(block.terminator.imm)
        elif block.terminator.op in ("return_call_indirect", "return_call_ref"):
            is_open = True
    return CallFacts(frozenset(callees), is_open or any(callee < imported_count for callee in callees))


def find_deep_functions(calls: dict[int, CallFacts]) -> frozenset[int]:
    """The functions that can reach recursion, a long chain of calls, a function of a table, or the host."""
    # Depths are found from the leaves upwards. A function that gets none is recursive or calls a deep one.
    depths: dict[int, int] = {}
    callers: dict[int, list[int]] = {}
    waiting = {}
    ready = []
    for index, facts in calls.items():
        if facts.is_open:
            continue
        waiting[index] = len(facts.callees)
        for callee in facts.callees:
            callers.setdefault(callee, []).append(index)
        if not facts.callees:
            ready.append(index)
    while ready:
        index = ready.pop()
        depths[index] = 1 + max((depths[callee] for callee in calls[index].callees), default=0)
        if depths[index] >= _SHALLOW_DEPTH:
            continue
        for caller in callers.get(index, ()):
            waiting[caller] -= 1
            if not waiting[caller]:
                ready.append(caller)
    return frozenset(index for index in calls if depths.get(index, _SHALLOW_DEPTH) >= _SHALLOW_DEPTH)


def _signatures(module: WasmModule) -> Signatures:
    return Signatures(
        types=tuple(module.types),
        functions=_function_types(module),
        globals=tuple(type.value_type for type in module.global_types),
        tables=tuple(type.element for type in module.table_types),
        table_addresses=tuple(type.address_type for type in module.table_types),
        memory_addresses=tuple(type.address_type for type in module.memory_types),
        function_types=tuple(module.function_types),
        tags=tuple(map(module.signature, module.tag_types)),
        imported_tags=len(module.tag_types) - len(module.tags),
    )


def _function_types(module: WasmModule) -> tuple[FuncType, ...]:
    return tuple(module.function_type(index) for index in range(len(module.function_types)))


def _facts(module: WasmModule) -> ModuleFacts:
    canonical = module.canonical_types
    lowest = {type: canonical[index] for index, type in enumerate(module.types)}
    return ModuleFacts(boxed_globals=module.boxed_globals, canonical_types=canonical, lowest_indices=lowest)
