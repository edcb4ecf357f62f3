"""Opens modules whose functions are compiled when they are called (docs/abi.md, "Tiers").

    image, supply = open_lazily(data, config, cache)

Without the cache, opening a module decodes and validates it, and compiles nothing. The bodies of a large module are not
even validated then, but each before it first runs. Compiled code is stored in the cache when the module is closed or
the process ends, from time to time, and soon after the module is garbage-collected.
"""

from __future__ import annotations

import atexit

from wasmz.artifact.cache import Cache
from wasmz.artifact.pyc import Codes
from wasmz.config import Config
from wasmz.runtime.abi import OPTIMISED
from wasmz.runtime.calls.supply import CodeSupply, Thresholds
from wasmz.runtime.image import FunctionCode, ModuleImage
from wasmz.startup.concurrency import load, loaded
from wasmz.startup.light import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmz.compile.on_demand import TierCompiler
    from wasmz.runtime.abi import CodeForm

# Modules with more bytes of code than this have their functions validated one by one. Validating QuickJS (0.96 MB)
# takes 0.6 s, as long as compiling all that it runs until its first result.
LARGEST_VALIDATED = 100_000


def open_lazily(data: bytes, config: Config, cache: Cache | None) -> tuple[ModuleImage, CodeSupply]:
    """The image, without code, and the supply of its code.

    Raises:
        InvalidWasm, UnsupportedFeature: in what is validated at once.
    """
    _keep_of_collected()
    if config._profiling:
        # Code that counts is made for one run.
        cache = None
    path = "" if cache is None else cache.lazy_path(data, config)
    kept = None if cache is None else cache.load_lazy(path)
    compiler = _LateCompiler(data, config)
    image, codes = (compiler.open(), {}) if kept is None else kept
    return image, _supply(compiler, cache, path, image, codes, frozenset(codes), is_new=kept is None)


def resume(
    data: bytes, config: Config, cache: Cache | None, image: ModuleImage, codes: Codes
) -> tuple[ModuleImage, CodeSupply]:
    """Like :func:`open_lazily`, with ``codes`` compiled in another process, and with what the cache has."""
    compiler = _LateCompiler(data, config)
    path = "" if cache is None else cache.lazy_path(data, config)
    kept = None if cache is None or config._profiling else cache.load_lazy(path)
    if kept is None:
        return image, _supply(compiler, cache, path, image, codes, frozenset(), is_new=True)
    found, in_cache = kept
    return found, _supply(compiler, cache, path, found, {**codes, **in_cache}, frozenset(in_cache), is_new=False)


def _supply(
    compiler: _LateCompiler,
    cache: Cache | None,
    path: str,
    image: ModuleImage,
    codes: Codes,
    in_cache: frozenset[tuple[int, CodeForm]],
    *,
    is_new: bool,
) -> CodeSupply:
    """A supply with ``codes``. The cache has those in ``in_cache`` at ``path``; if ``is_new``, not even the image."""
    config = compiler.config
    supply = CodeSupply(image, compiler.compile, Thresholds(*config._thresholds), codes)
    supply.forget = compiler.forget
    if config.background_compile and not (config.verify or config._profiling):
        supply.ask = _FirstQuestion(compiler, supply).ask
    if cache is not None:
        keeper = _Keeper(cache, path, image, supply, None if is_new else in_cache)
        supply.keep = keeper.keep
        _keepers.add(keeper)
    return supply


def compile_rest(
    data: bytes, config: Config, supply: CodeSupply, jobs: int, progress: Callable[[int, int], None] | None
) -> None:
    """Adds to a supply the optimised code of all functions, compiled in several processes."""
    load("wasmz.compile.parallel")
    from wasmz.compile.parallel import compile_frozen

    frozen = compile_frozen(data, config, jobs, progress)[1]
    for index in range(frozen.first, frozen.first + len(frozen)):
        if not supply.has(index, OPTIMISED):
            supply.codes[index, OPTIMISED] = frozen.thaw(index)


def dump_codes(image: ModuleImage, codes: dict[tuple[int, CodeForm], FunctionCode | bytes]) -> tuple[set[str], Codes]:
    """Frozen code, and the names that it and the image need."""
    codes = dict(codes)
    names = set(image.names)
    for made in codes.values():
        if isinstance(made, FunctionCode):
            names.update(made.names())
    return names, {key: made if isinstance(made, bytes) else made.freeze() for key, made in codes.items()}


class _LateCompiler:
    """A compiler that is imported and made when the first function has to be compiled."""

    def __init__(self, data: bytes, config: Config) -> None:
        self.data = data
        self.config = config
        self.made: TierCompiler | None = None

    def open(self) -> ModuleImage:
        """Decodes and validates the module."""
        load("wasmz.compile.front_end")
        from wasmz.compile.front_end import load_module, make_image, validate_bodies

        load("wasmz.compile.on_demand")
        from wasmz.compile.on_demand import TierCompiler

        load("wasmz.wasm.proposals")
        from wasmz.wasm.proposals import accepted_by

        module = load_module(self.data, accepted_by(self.config))
        is_small = sum(body.end - body.start for body in module.bodies) <= LARGEST_VALIDATED
        if is_small and self.config.compile_mode != "lazy":
            validate_bodies(module, self.data)
        self.made = TierCompiler(self.data, self.config, module)
        return make_image(self.data, module, self.config)

    def compile(self, index: int, form: CodeForm) -> FunctionCode:
        """See :meth:`TierCompiler.compile`."""
        made = self.made
        if made is None:
            load("wasmz.compile.on_demand")
            from wasmz.compile.on_demand import TierCompiler

            made = self.made = TierCompiler(self.data, self.config)
        return made.compile(index, form)

    def forget(self) -> None:
        """Drops the compiler; the next compilation makes a new one."""
        self.made = None


class _FirstQuestion:
    """Makes the client of the helper process with the first request (``background.py``), and replaces itself by it."""

    def __init__(self, compiler: _LateCompiler, supply: CodeSupply) -> None:
        self.compiler = compiler
        self.supply = ref(supply)

    def ask(self, index: int, form: CodeForm) -> bool:
        """See :meth:`Client.ask`."""
        supply = self.supply()
        if supply is None:
            return False
        load("wasmz.compile.background")
        from wasmz.compile.background import Client

        client = Client(self.compiler.data, self.compiler.config, supply)
        supply.ask = client.ask
        return client.ask(index, form)


class _Keeper:
    """Stores the code of a supply in the cache. It outlives the supply."""

    def __init__(
        self,
        cache: Cache,
        path: str,
        image: ModuleImage,
        supply: CodeSupply,
        kept: frozenset[tuple[int, CodeForm]] | None,
    ) -> None:
        self.cache = cache
        self.path = path
        self.image = image
        self.codes: dict[tuple[int, CodeForm], FunctionCode | bytes] = supply.codes
        # The code that the cache has already; ``None`` if it has not even the image.
        self.kept = kept
        self.supply = ref(supply)

    def keep(self) -> None:
        """Stores new code of this supply, and of those that were garbage-collected since the last time."""
        self.keep_own()
        _keep_of_collected()

    def keep_own(self) -> None:
        """Stores code that the cache does not have yet."""
        look_for_answers()
        codes = dict(self.codes)
        if self.kept is not None and codes.keys() <= self.kept:
            return
        names, dumped = dump_codes(self.image, codes)
        self.cache.store_lazy(self.path, self.image, names, dumped)
        self.kept = frozenset(codes)


# Keepers of supplies that are in use or were collected. A finaliser must not write itself: it may run anywhere, also
# where its thread holds the cache's lock, or the lock of a module that writing imports; it would wait for itself.
_keepers: set[_Keeper] = set()


def look_for_answers() -> None:
    """Reads what the helper has sent, if there is a helper."""
    background = loaded("wasmz.compile.background")
    if background is not None:
        background.background.look()


def _keep_of_collected() -> None:
    for keeper in list(_keepers):
        if keeper.supply() is None:
            _keepers.discard(keeper)
            keeper.keep_own()


@atexit.register
def _keep_at_exit() -> None:
    while _keepers:
        _keepers.pop().keep_own()
    background = loaded("wasmz.compile.background")
    if background is not None:
        background.background.close()
