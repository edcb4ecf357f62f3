"""Resources, definitions, exports and types of components, and what goes wrong with them."""

from __future__ import annotations

from typing import Any

from tests.component_abi.support import parse
from tests.dropin.scenarios import scenario
from tests.dropin.scenarios.components import linked, tried
from tests.wasi2 import hello

# Resources of the host's: `mk` and `b` are the host's, `b` borrows, `own` takes.
HOST = """(component
  (import "t" (type $t (sub resource)))
  (import "mk" (func $mk (result (own $t)))) (import "b" (func $b (param "t" (borrow $t))))
  (core module $a
    (import "" "mk" (func $mk (result i32))) (import "" "b" (func $b (param i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "mk") (result i32) call $mk)
    (func (export "b") (param i32) (call $b (local.get 0)) (call $drop (local.get 0)))
    (func (export "own") (param i32) (call $b (local.get 0)) (call $drop (local.get 0))))
  (core func $mk (canon lower (func $mk))) (core func $b (canon lower (func $b)))
  (core func $drop (canon resource.drop $t))
  (core instance $a (instantiate $a
    (with "" (instance (export "mk" (func $mk)) (export "b" (func $b)) (export "drop" (func $drop))))))
  (func (export "mk") (result (own $t)) (canon lift (core func $a "mk")))
  (func (export "b") (param "x" (borrow $t)) (canon lift (core func $a "b")))
  (func (export "own") (param "x" (own $t)) (canon lift (core func $a "own"))))"""
# Resources of the component's.
GUEST = """(component
  (core module $d (func (export "dtor") (param i32) (if (i32.eq (local.get 0) (i32.const 9)) (then unreachable))))
  (core instance $d (instantiate $d))
  (type $t' (resource (rep i32) (dtor (core func $d "dtor")))) (export $t "t" (type $t'))
  (core func $new (canon resource.new $t'))
  (core module $a (import "" "new" (func $new (param i32) (result i32)))
    (func (export "new") (param i32) (result i32) local.get 0 call $new)
    (func (export "rep") (param i32) (result i32) local.get 0))
  (core instance $a (instantiate $a (with "" (instance (export "new" (func $new))))))
  (func (export "new") (param "x" u32) (result (own $t)) (canon lift (core func $a "new")))
  (func (export "rep") (param "x" (borrow $t)) (result u32) (canon lift (core func $a "rep"))))"""
VOID = """(component
  (import "x" (func $x))
  (core module $a (import "" "x" (func)) (func (export "x") call 0) (func (export "trap") unreachable)
    (func (export "y")))
  (core func $x (canon lower (func $x)))
  (core instance $a (instantiate $a (with "" (instance (export "x" (func $x))))))
  (func (export "x") (canon lift (core func $a "x"))) (func (export "trap") (canon lift (core func $a "trap")))
  (func (export "y") (canon lift (core func $a "y"))))"""


def hosted(w: Any, log: list[Any], **other: Any) -> tuple[Any, ...]:
    host = w.component.ResourceHost

    def borrow(store: Any, given: Any) -> None:
        log.append((given.owned, given.type == w.component.ResourceType.host(2)))
        given.drop(store)

    items = {"mk": lambda store: host.own(1, 2), "b": borrow, "t": (2, lambda store, rep: log.append(rep)), **other}
    store, instance = linked(w, HOST, **items)
    return store, *[instance.get_func(store, name) for name in ("mk", "b", "own")]


@scenario("resources of the host")
def _(w: Any) -> Any:
    log: list[Any] = []
    store, mk, b, own = hosted(w, log)
    made = mk(store)
    log += [made.owned, made.type == w.component.ResourceType.host(2)]
    log += [b.type(store).params[0][1].ty == made.type, b.type(store).params[0][1] == own.type(store).params[0][1]]
    b(store, made)
    b(store, made)
    b(store, w.component.ResourceHost.own(5, 2))
    b(store, w.component.ResourceHost.borrow(6, 2))
    own(store, made)
    log += [tried(lambda: b(store, made)), tried(lambda: made.owned)]
    own(store, w.component.ResourceHost.own(7, 2))
    another = mk(store)
    log.append(another.to_host(store).rep)
    log.append(tried(lambda: another.drop(store)))
    mk(store).drop(store)
    return log


for _name, _value in {
    "another number": lambda w: w.component.ResourceHost.own(1, 3),
    "a borrowed one to own": lambda w: w.component.ResourceHost.borrow(1, 2),
    "no resource": lambda w: 5,
}.items():

    @scenario(f"wrong resources: {_name}")
    def _(w: Any, value: Any = _value) -> Any:
        store, _, _, own = hosted(w, [])
        return own(store, value(w))


@scenario("a destructor raises")
def _(w: Any) -> Any:
    def dtor(store: Any, rep: int) -> None:
        raise KeyError(rep)

    found = []
    store, mk, _, own = hosted(w, [], t=(2, dtor), b=lambda store, given: given.to_host(store) and None)
    found.append(tried(lambda: own(store, mk(store))))
    store, mk, _, own = hosted(w, [], t=(2, dtor))
    found.append(tried(lambda: mk(store).drop(store)))
    return found


@scenario("resources of the host without a component")
def _(w: Any) -> Any:
    store, host = w.Store(), w.component.ResourceHost
    owned, lent = host.own(42, 1), host.borrow(5, 1)
    made = owned.to_any(store)
    found = [owned.rep, owned.type, owned.owned, lent.owned, made.owned, made.type == w.component.ResourceType.host(1)]
    found += [made.to_host(store).rep, type(owned.to_any(store)).__name__, lent.to_any(store).owned]
    return [*found, tried(lambda: made.to_host(store)), tried(lambda: made.drop(store)), host.own(-1, 1 << 32).rep]


@scenario("resources of a component")
def _(w: Any) -> Any:
    store, instance = linked(w, GUEST)
    new, rep = instance.get_func(store, "new"), instance.get_func(store, "rep")
    one, two = new(store, 5), new(store, 6)
    found = [rep(store, one), rep(store, two), one.type == two.type, new.type(store).result.ty == one.type, one.owned]
    found.append(one.type == w.component.ResourceType.host(0))
    one.drop(store)
    return [*found, rep(store, two), tried(lambda: one.drop(store)), tried(lambda: one.to_host(store))]


@scenario("a resource of another instance")
def _(w: Any) -> Any:
    engine = w.Engine()
    store, linker, component = w.Store(engine), w.component.Linker(engine), w.component.Component(engine, parse(GUEST))
    one, two = linker.instantiate(store, component), linker.instantiate(store, component)
    made = one.get_func(store, "new")(store, 5)
    return two.get_func(store, "rep")(store, made)


@scenario("a destructor in the component traps")
def _(w: Any) -> Any:
    store, instance = linked(w, GUEST)
    made = instance.get_func(store, "new")(store, 9)
    try:
        made.drop(store)
    except Exception as error:
        return type(error).__name__, str(error).splitlines()[-1]


# Functions


@scenario("a component's host function raises")
def _(w: Any) -> Any:
    def fail(store: Any) -> None:
        raise LookupError("oh")

    store, instance = linked(w, VOID, x=fail)
    return instance.get_func(store, "x")(store)


@scenario("a context of a store")
def _(w: Any) -> Any:
    kept: list[Any] = []
    store, instance = linked(w, VOID, x=kept.append)
    instance.get_func(store, "x")(store)
    y = instance.get_func(store, "y")
    return type(kept[0]).__name__, tried(lambda: y(kept[0]))


for _name, _arguments in {"too many": (1,), "two too many": (1, 2)}.items():

    @scenario(f"a component's function gets {_name}")
    def _(w: Any, arguments: Any = _arguments) -> Any:
        store, instance = linked(w, VOID, x=print)
        return instance.get_func(store, "y")(store, *arguments)


@scenario("a component's host function of another arity")
def _(w: Any) -> Any:
    store, instance = linked(w, VOID, x=lambda: None)
    return tried(lambda: instance.get_func(store, "x")(store))[0]


@scenario("a component traps")
def _(w: Any) -> Any:
    store, instance = linked(w, VOID, x=print)
    try:
        instance.get_func(store, "trap")(store)
    except Exception as error:
        first, *_, last = str(error).splitlines()
        found = [type(error).__name__, first, last, hasattr(error, "trap_code")]
    return [
        *found,
        tried(lambda: instance.get_func(store, "y")(store)),
        instance.get_func(store, "y").post_return(store),
    ]


@scenario("functions of a component are called again")
def _(w: Any) -> Any:
    store, instance = linked(w, VOID, x=print)
    y = instance.get_func(store, "y")
    return y(store), y(store), y.post_return(store), y.post_return(store), y.type(store).params, y.type(store).result


# Definitions

IMPORTS = {
    "a function": '(component (import "x" (func)))',
    "an instance": '(component (import "x" (instance (export "y" (func)))))',
    "an instance in one": '(component (import "x" (instance (export "y" (instance (export "z" (func)))))))',
    "a resource": '(component (import "x" (type (sub resource))))',
    "a module": '(component (import "x" (core module (export "a" (func)))))',
    "an empty instance": '(component (import "x" (instance)))',
}
DEFINITIONS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a function": {"x": print},
    "an instance": {"x": {}},
    "an instance with a module": {"x": {"y": "(module)"}},
    "a module": {"x": "(module)"},
    "a resource": {"x": (1, print)},
}
for _wanted, _text in IMPORTS.items():
    for _given, _items in DEFINITIONS.items():

        @scenario(f"a component imports {_wanted}, defined is {_given}")
        def _(w: Any, text: str = _text, items: Any = _items) -> Any:
            linked(w, text, **items)


@scenario("definitions of compatible versions")
def _(w: Any) -> Any:
    found = []
    for wanted, given in (("0.2.1", "0.2.5"), ("1.2.0", "1.0.3"), ("0.2.1", "0.3.0"), ("1.0.0", "2.0.0")):
        text = f'(component (import "a:b/c@{wanted}" (instance (export "y" (func)))))'
        found.append(tried(lambda text=text, given=given: linked(w, text, **{f"a:b/c@{given}": {"y": print}}) and None))
    return found


@scenario("names of components' linkers that are taken")
def _(w: Any) -> Any:
    def twice(first: Any, second: Any) -> Any:
        with linker_of(w).root() as root:
            first(root)
            second(root)

    resource = w.component.ResourceType.host(1)
    adders = (
        lambda root: root.add_func("x", print),
        lambda root: root.add_instance("x").close(),
        lambda root: root.add_module("x", w.Module(w.Engine(), "(module)")),
        lambda root: root.add_resource("x", resource, print),
    )
    return [_error(twice, first, second) for first in adders for second in adders]


def linker_of(w: Any) -> Any:
    return w.component.Linker(w.Engine())


def _error(run: Any, *args: Any) -> Any:
    try:
        run(*args)
    except Exception as error:
        return type(error).__name__, str(error)


@scenario("a component's linker in use")
def _(w: Any) -> Any:
    linker = linker_of(w)
    root = linker.root()
    found = [_error(linker.root), _error(linker.add_wasip2), _error(setattr, linker, "allow_shadowing", True)]
    found += [_error(linker.close), linker.locked]
    inner = root.add_instance("x")
    found += [_error(root.add_func, "y", print), _error(root.close), root.locked, inner.parent is root]
    inner.close()
    root.close()
    found += [linker.locked, inner.parent]
    linker.close()
    return [*found, _error(linker.root), _error(root.add_func, "a", print)]


@scenario("WASI is defined twice")
def _(w: Any) -> Any:
    linker = linker_of(w)
    linker.add_wasip2()
    linker.add_wasi_http()
    found = [_error(linker.add_wasip2), _error(linker.add_wasi_http)]
    linker.allow_shadowing = True
    return [*found, linker.add_wasip2(), linker.add_wasi_http()]


@scenario("unknown imports of components")
def _(w: Any) -> Any:
    engine = w.Engine()
    found = []
    for text in (VOID, HOST, IMPORTS["an instance"], IMPORTS["a module"]):
        linker, store = w.component.Linker(engine), w.Store(engine)
        component = w.component.Component(engine, parse(text))
        found.append(_error(linker.define_unknown_imports_as_traps, component))
        if found[-1] is None:
            instance = linker.instantiate(store, component)
            for name in ("x", "mk"):
                function = instance.get_func(store, name)
                if function is not None:
                    error = _error(function, store)
                    # The last line but for the frames.
                    found.append((error[0], error[1].strip().splitlines()[-1].strip()))
    return found


# Of interfaces in WASI's namespace that no linker has, and of one that only `add_wasi_http` defines.
OF_WASI = {
    "no WASI's": """(component
  (import "wasi:blobstore/types" (instance $i
    (export "value" (type (sub resource))) (export "size" (func (result u64)))))
  (alias export $i "size" (func $f))
  (core func $f (canon lower (func $f)))
  (core module $a (import "" "f" (func (result i64))) (func (export "f") (result i64) call 0))
  (core instance $a (instantiate $a (with "" (instance (export "f" (func $f))))))
  (func (export "f") (result u64) (canon lift (core func $a "f"))))""",
    "HTTP's": """(component
  (import "wasi:http/types@0.2.0" (instance $i
    (export "fields" (type $t (sub resource)))
    (export "[constructor]fields" (func (result (own $t))))))
  (alias export $i "[constructor]fields" (func $f))
  (core func $f (canon lower (func $f)))
  (core module $a (import "" "f" (func (result i32))) (func (export "f") (result i32) call 0))
  (core instance $a (instantiate $a (with "" (instance (export "f" (func $f))))))
  (alias export $i "fields" (type $t))
  (export $e "fields" (type $t))
  (func (export "f") (result (own $e)) (canon lift (core func $a "f"))))""",
}

for _name, _text in OF_WASI.items():

    @scenario(f"unknown imports beside WASI: {_name}")
    def _(w: Any, text: str = _text) -> Any:
        engine = w.Engine()
        linker, store = w.component.Linker(engine), w.Store(engine)
        store.set_wasi(w.WasiConfig())
        linker.add_wasip2()
        component = w.component.Component(engine, parse(text))
        linker.define_unknown_imports_as_traps(component)
        instance = linker.instantiate(store, component)
        found = tried(lambda: instance.get_func(store, "f")(store))
        # The last line of an error, which is about the cause.
        return str(found).strip().splitlines()[-1].strip()


# Exports and types

TYPES = """(component
  (type $r (record (field "a-b" u8) (field "b" (list string))))
  (type $v (variant (case "a") (case "b" f32)))
  (type $e (enum "a" "b")) (type $f (flags "a" "b"))
  (import "r" (type $r' (eq $r))) (import "v" (type $v' (eq $v))) (import "e" (type $e' (eq $e)))
  (import "f" (type $f' (eq $f))) (import "t" (type $t (sub resource)))
  (import "all" (func (param "r" $r') (param "v" $v') (param "e" $e') (param "f" $f') (param "o" (option u16))
    (param "p" (tuple bool char)) (param "b" (borrow $t)) (result (result (own $t) (error s64)))))
  (import "a:b/c@1.0.0" (instance (export "y" (func)) (export "s" (type (sub resource)))))
  (import "m" (core module (import "b" "c" (global i32)) (export "d" (global i64)) (export "e" (memory 1))))
  (core module $a) (instance (export "x:y/z@1.2.3") (export "m" (core module $a)))
  (core module (export "n")))"""


def _shown(value: Any) -> Any:
    """A type as plain data."""
    name = type(value).__name__
    parts = {
        "ListType": ("element",),
        "RecordType": ("fields",),
        "TupleType": ("elements",),
        "VariantType": ("cases",),
        "EnumType": ("names", "names_count"),
        "OptionType": ("payload",),
        "ResultType": ("ok", "err"),
        "FlagsType": ("names",),
        "FuncType": ("params", "result"),
    }
    if isinstance(value, (list, tuple)):
        return [_shown(item) for item in value]
    return (name, [_shown(getattr(value, part)) for part in parts[name]]) if name in parts else (name, str(value)[:6])


@scenario("types of components")
def _(w: Any) -> Any:
    engine = w.Engine()
    type = w.component.Component(engine, parse(TYPES)).type
    found: list[Any] = []
    for externs in (type.imports(engine), type.exports(engine), type.imports(engine)["a:b/c@1.0.0"].ty.exports(engine)):
        found += [(name, _shown(extern.ty)[0]) for name, extern in externs.items()]
        found += [(extern.implements, extern.external_id, extern.is_implements("x")) for extern in externs.values()]
    function = type.imports(engine)["all"].ty
    module = type.imports(engine)["m"].ty
    found += [(item.module, item.name, str(item.type.content)) for item in module.imports(engine)]
    found += [(item.name, item.type.__class__.__name__) for item in module.exports(engine)]
    params = dict(function.params)
    found += [params["b"].ty == function.result.ok.ty, params["b"].ty == type.imports(engine)["t"].ty]
    found += [params["r"] == params["v"], params["r"] != params["r"]]
    found += [_error(hash, item) for item in params.values()]
    return [*found, _shown(function)]


@scenario("exports of components")
def _(w: Any) -> Any:
    engine = w.Engine()
    component = w.component.Component(engine, parse('(component (import "f" (func)) (core module (export "g")))'))
    named = w.component.Component(engine, parse(TYPES.replace('(import "m"', '(import "k"')))
    interface = named.get_export_index("x:y/z@1.2.0")
    found = [component.get_export_index("f"), component.get_export_index("g") is None, interface is None]
    found += [named.get_export_index("m", interface) is None, named.get_export_index("n", interface)]
    found += [component.get_export_index("m", interface), named.get_export_index("x:y/z@2.0.0")]
    store, instance = linked(w, VOID, x=print)
    found += [instance.get_func(store, "no"), instance.get_export_index(store, "y") is None]
    return [*found, type(instance.get_func(store, instance.get_export_index(store, "y"))).__name__]


for _name in ("Func", "Instance", "ExportIndex", "LinkerInstance", "ResourceType", "ResourceAny", "ResourceHost"):

    @scenario(f"a component's {_name} is made")
    def _(w: Any, name: str = _name) -> Any:
        getattr(w.component, name)()


for _name in ("ComponentType", "ComponentInstanceType", "ModuleType", "FuncType"):

    @scenario(f"a component's {_name} is made")
    def _(w: Any, name: str = _name) -> Any:
        getattr(w.component, name)()


@scenario("values of components are compared")
def _(w: Any) -> Any:
    c = w.component
    one, two = c.Record(), c.Record()
    one.x, two.x, two.y = 1, 1, 2
    found = [c.Variant("a") == c.Variant("a", None), c.Variant("a", 1) != c.Variant("a", 2), repr(c.Variant("a", 1))]
    found += [one == two, two == one, c.Bool() == c.Bool(), c.Bool() == c.U8(), repr(c.U8())]
    found += [c.ResourceType.host(1) == c.ResourceType.host(1), c.ResourceType.host(1) == 1]
    found += [c.OwnType(c.ResourceType.host(1)) == c.OwnType(c.ResourceType.host(1)), c.Variant.__match_args__]
    return [*found, *[_error(hash, item) for item in (c.Variant("a"), c.Bool(), c.ResourceType.host(1), one)]]


@scenario("components that are none")
def _(w: Any) -> Any:
    engine = w.Engine()
    sources: tuple[Any, ...] = (b"", b"\0", b"\0asm\1\0\0\0", "(component2)", 5)
    return [_error(w.component.Component, engine, source)[0] for source in sources] + [
        _error(w.component.Component.deserialize, engine, b"abc")[0],
        _error(w.component.Component.deserialize_file, engine, "/nowhere/at/all")[0],
        _error(w.component.Component, 1, b"")[0],
    ]


@scenario("components are serialised")
def _(w: Any) -> Any:
    engine = w.Engine()
    encoded = w.component.Component(engine, parse(VOID)).serialize()
    again = w.component.Component.deserialize(engine, encoded)
    return type(encoded).__name__, again.get_export_index("y") is None, again.close(), _error(again.serialize)


WASI = """(component
  (import "wasi:cli/exit@0.2.0" (instance $e (export "exit" (func (param "status" (result))))))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $c (export "now" (func (result u64)))))
  (core func $exit (canon lower (func $e "exit"))) (core func $now (canon lower (func $c "now")))
  (core module $a (import "" "exit" (func (param i32))) (import "" "now" (func (result i64)))
    (func (export "exit") (param i32) (call 0 (local.get 0))) (func (export "now") (result i64) call 1))
  (core instance $a (instantiate $a (with "" (instance (export "exit" (func $exit)) (export "now" (func $now))))))
  (func (export "exit") (param "s" (result)) (canon lift (core func $a "exit")))
  (func (export "now") (result u64) (canon lift (core func $a "now"))))"""


def wasi(w: Any, *named: str, shadowing: bool = False) -> tuple[Any, Any]:
    """A store and an instance with WASI, in which functions of these interfaces are defined to return 7."""
    engine = w.Engine()
    store, linker = w.Store(engine), w.component.Linker(engine)
    store.set_wasi(w.WasiConfig())
    linker.add_wasip2()
    linker.allow_shadowing = shadowing
    with linker.root() as root:
        for name in named:
            with root.add_instance(name) as instance:
                instance.add_func("now", lambda store: 7)
    return store, linker.instantiate(store, w.component.Component(engine, parse(WASI)))


for _code, _status in enumerate(("ok", "err")):

    @scenario(f"a component exits with {_code}")
    def _(w: Any, status: str = _status) -> Any:
        store, instance = wasi(w)
        try:
            instance.get_func(store, "exit")(store, w.component.Variant(status))
        except w.WasmtimeError as error:
            return type(error).__name__, error.code


@scenario("a function of WASI is replaced")
def _(w: Any) -> Any:
    store, instance = wasi(w, "wasi:clocks/monotonic-clock@0.2.0", shadowing=True)
    return instance.get_func(store, "now")(store)


@scenario("a component writes")
def _(w: Any) -> Any:
    written: list[bytes] = []
    engine = w.Engine()
    store, linker, config = w.Store(engine), w.component.Linker(engine), w.WasiConfig()
    config.stdout_custom = written.append
    store.set_wasi(config)
    linker.add_wasip2()
    program = w.component.Component(engine, parse(hello.program()))
    instance = linker.instantiate(store, program)
    run = instance.get_export_index(store, "run", program.get_export_index("wasi:cli/run@0.2.3"))
    # Defined as a whole, and by its version.
    return [instance.get_func(store, run)(store).tag, b"".join(written)]
