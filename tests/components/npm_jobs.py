"""What the components of npm's packages do in tests, by wasmz, by wasmtime's component API, and by wasmz's form of
that; and that of a package of PyPI whose world is the same.

    run("wasmz", "redact", Path("x.component.wasm"), folder)   -> {"answers": [...], "log": [...]}
    run("wasmtime", ...), run("wasmz.wasmtime", ...)           the same

Values are plain data, as JSON has it: a record is a mapping, a variant ``{"tag": ..., "val": ...}``, without "val" if
the case has no payload; so is what a function gives whose result is a ``result``. What the components ask of their
hosts is in tables: the answer for the last argument, or for each of its items if that is a list; the answer under ""
is for all others.

``python -m tests.components.npm_jobs ENGINE JOB FILE FOLDER`` does so in a process of its own, for measurements:
wasmtime keeps its machine code in FOLDER, as wasmz does in its cache.
"""

from __future__ import annotations

import json
import sys
from enum import Enum
from pathlib import Path
from typing import Any

from tests.components.package_jobs import binding, compiled

_FOX = {"tag": "custom", "val": "fox"}

# A number of a card whose check digit is right, and one whose digit is not.
CARDS = ("4242 4242 4242 4242", "1234 5678 9012 3456")

# Characters of one to four bytes are around what is found.
TEXT = (
    f"Größe: mail ann@example.org, or call +44 20 7946 0958 from 192.0.2.7 🚀 card {CARDS[0]} "
    f"not {CARDS[1]}; the fox é@x.fr, bo@b"
)


def _request(agent: str, **more: Any) -> str:
    request = {"ip": "192.0.2.7", "method": "GET", "protocol": "http:", "host": "example.org", "path": "/a?b=c"}
    headers = {"accept": "*/*", "user-agent": agent}
    return json.dumps({**request, "headers": headers, "cookies": "", "query": "?b=c", "extra": {}, **more})


_AGENTS = (
    "curl/8.1.2",
    "Googlebot/2.1 (+http://www.google.com/bot.html)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "",
)
_ADDRESSES = ("ann@example.org", "me@free.example", "a@gone.example", "ann@", "a@[127.0.0.1]", "x@localhost", "ü@é.fr")
_CHARACTERISTICS = (["ip.src"], ["ip.src", 'http.request.headers["user-agent"]'], ["user"], [])
_AGENT, _COUNTRY = 'http.request.headers["user-agent"]', "ip.src.country"


def _entities(tag: str, *names: str) -> dict[str, Any]:
    return {"tag": tag, "val": [_FOX if name == "fox" else {"tag": name} for name in names]}


def _redactions() -> list[list[Any]]:
    calls: list[list[Any]] = []
    for entities in (None, [], [{"tag": "email"}, _FOX]):
        for window, skip in ((None, True), (1, False), (3, False)):
            options = {"entities": entities, "context-window-size": window}
            calls.append(["redact", TEXT, {**options, "skip-custom-detect": skip, "skip-custom-redact": skip}])
    return calls


def _analyses() -> list[list[Any]]:
    """The calls of the world that ``@arcjet/analyze-wasm`` and the package ``arcjet`` of PyPI share."""
    calls: list[list[Any]] = []
    for agent in _AGENTS:
        for names, skip in ((["CURL"], True), (["GOOGLE_CRAWLER", "OURS"], False), ([], False)):
            for tag in ("allowed-bot-config", "denied-bot-config"):
                config = {"tag": tag, "val": {"entities": names, "skip-custom-detect": skip}}
                calls.append(["detect-bot", _request(agent), config])
    for characteristics in _CHARACTERISTICS:
        for function in ("generate-fingerprint", "validate-characteristics"):
            calls.append([function, _request(_AGENTS[0]), characteristics])
            calls.append([function, _request(_AGENTS[0], extra={"user": "ann"}), characteristics])
    for expressions in ([f'{_AGENT} ~ "curl"'], [f'{_AGENT} eq "x"', f'{_COUNTRY} == "DE"'], ["bogus =="], []):
        calls += [["match-filters", _request(_AGENTS[0]), "{}", expressions, allow] for allow in (True, False)]
    for address in _ADDRESSES:
        for tag, domains in (
            ("allow", []),
            ("allow", ["FREE"]),
            ("deny", ["FREE", "INVALID"]),
            ("deny", ["NO_GRAVATAR"]),
        ):
            config = {"require-top-level-domain": tag == "deny", "allow-domain-literal": not domains, tag: domains}
            calls.append(["is-valid-email", address, {"tag": f"{tag}-email-validation-config", "val": config}])
    for entities in (_entities("allow"), _entities("deny", "email", "fox"), _entities("allow", "ip-address")):
        for window, skip in ((None, True), (2, False)):
            options = {"entities": entities, "context-window-size": window, "skip-custom-detect": skip}
            calls.append(["detect-sensitive-info", TEXT, options])
    return calls


def _early_analyses() -> list[list[Any]]:
    """The calls of ``@arcjet/analyze`` as it was before that."""
    calls: list[list[Any]] = []
    # Each call makes a matcher of hundreds of patterns anew, half a second in Python.
    lists = (
        ("curl", "{}", "[]"),
        ("curl", "{}", '["^curl"]'),
        ("curl", "no JSON", "[]"),
        ("Chrome", '{"Chrome": 3}', "[]"),
    )
    for name, add, remove in lists:
        agent = next(agent for agent in _AGENTS if name in agent)
        calls.append(["detect-bot", json.dumps({"user-agent": agent}), add, remove])
    for characteristics in _CHARACTERISTICS:
        calls.append(["generate-fingerprint", _request(_AGENTS[0]), characteristics])
    for address in _ADDRESSES:
        for blocked in ([], ["FREE", "NO_MX_RECORDS"]):
            config = {
                "require-top-level-domain": True,
                "allow-domain-literal": bool(blocked),
                "blocked-emails": blocked,
            }
            calls.append(["is-valid-email", address, config])
    return calls


_DOMAINS: dict[str, Any] = {"free.example": "yes", "gone.example": "no", "": "unknown"}
_OVERRIDES = {
    "is-free-email": _DOMAINS,
    "is-disposable-email": {"": "no"},
    "has-mx-records": _DOMAINS,
    "has-gravatar": {"ann@example.org": "yes", "": "no"},
}
_WORDS = {"fox": _FOX, "": None}
_NOTHING: dict[str, Any] = {"": None}

_ANALYSIS = (
    _analyses(),
    {
        "arcjet:js-req/bot-identifier": {"detect": {"": ["OURS"]}},
        "arcjet:js-req/email-validator-overrides": _OVERRIDES,
        "arcjet:js-req/filter-overrides": {"ip-lookup": {"192.0.2.7": '{"country": "DE"}', "": None}},
        "arcjet:js-req/sensitive-information-identifier": {"detect": _WORDS},
        "arcjet:js-req/verify-bot": {"verify": {"192.0.2.7": "verified", "": "unverifiable"}},
    },
)

# For each job of ``packages.NPM_JOBS`` the calls, each of them a function and its arguments, and the tables of its
# hosts, by interface.
JOBS: dict[str, tuple[list[list[Any]], dict[str, dict[str, dict[str, Any]]]]] = {
    "analyze-early": (
        _early_analyses(),
        {
            "arcjet:js-req/logger": {"debug": _NOTHING, "error": _NOTHING},
            "arcjet:js-req/email-validator-overrides": _OVERRIDES,
        },
    ),
    "analyze": _ANALYSIS,
    "analyze-python": _ANALYSIS,
    "redact": (
        _redactions(),
        {
            "arcjet:redact/custom-redact": {
                "detect-sensitive-info": _WORDS,
                "redact-sensitive-info": {"fox": "a hound", "ann@example.org": "", "": None},
            }
        },
    ),
}

# The functions whose results are no ``result``, in any job or in one.
_PLAIN = frozenset({"redact", "detect-sensitive-info", ("analyze-early", "generate-fingerprint")})


def gives_result(job: str, function: str) -> bool:
    """Whether a function gives success or failure."""
    return function not in _PLAIN and (job, function) not in _PLAIN


def run(engine: str, job: str, path: Path, folder: Path) -> dict[str, Any]:
    """What the functions of a component answer, and what they ask of the hosts.

    Args:
        engine: "wasmz", "wasmtime" or "wasmz.wasmtime".
        job: of ``JOBS``.
        path: the component.
        folder: where wasmtime keeps its machine code.
    """
    return _run_by_wasmz(job, path) if engine == "wasmz" else _run_by_binding(engine, job, path, folder)


def _answer(table: dict[str, Any], argument: Any) -> Any:
    if isinstance(argument, list):
        return [table.get(item, table[""]) for item in argument]
    return table.get(argument, table[""])


def _run_by_wasmz(job: str, path: Path) -> dict[str, Any]:
    import wasmz
    from wasmz.component import ComponentError, Linker

    calls, hosts = JOBS[job]
    log: list[list[Any]] = []
    component = wasmz.Component.compile(path)
    linker = Linker(component.engine)

    def host(name: str, table: dict[str, Any]) -> Any:
        def function(*arguments: Any) -> Any:
            log.append([name, *map(_plain, arguments)])
            return _given(_answer(table, arguments[-1]))

        return function

    for interface, tables in hosts.items():
        linker.define_instance(interface, {name: host(name, table) for name, table in tables.items()})
    exports = linker.instantiate(wasmz.Store(component.engine), component).exports
    answers: list[Any] = []
    for function, *arguments in calls:
        try:
            answer = _plain(exports[function](*map(_given, arguments)))
        except ComponentError as error:
            answers.append({"tag": "err", "val": error.payload})
        else:
            answers.append({"tag": "ok", "val": answer} if gives_result(job, function) else answer)
    return {"answers": answers, "log": log}


def _given(value: Any) -> Any:
    """What wasmz takes for plain data: labels, and pairs of a label and a payload, for cases of variants."""
    if isinstance(value, list):
        return [_given(item) for item in value]
    if isinstance(value, dict):
        if "tag" in value:
            return (value["tag"], _given(value["val"])) if "val" in value else value["tag"]
        return {label: _given(item) for label, item in value.items()}
    return value


def _plain(value: Any) -> Any:
    """What wasmz gives, as plain data."""
    if isinstance(value, Enum):
        return value.value
    if hasattr(value, "case"):
        return {"tag": value.case} if value.value is None else {"tag": value.case, "val": _plain(value.value)}
    if hasattr(value, "_fields"):
        fields = zip(value._fields, value, strict=True)
        return {name.replace("_", "-"): _plain(item) for name, item in fields}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _run_by_binding(engine_name: str, job: str, path: Path, folder: Path) -> dict[str, Any]:
    wasmtime = binding(engine_name)
    Record, Variant = wasmtime.component.Record, wasmtime.component.Variant
    calls, hosts = JOBS[job]
    log: list[list[Any]] = []
    engine, component = compiled(wasmtime, path, folder)
    store, linker = wasmtime.Store(engine), wasmtime.component.Linker(engine)

    def given(value: Any) -> Any:
        if isinstance(value, list):
            return [given(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "tag" in value:
            return Variant(value["tag"], given(value.get("val")))
        record = Record()
        record.__dict__.update({label: given(item) for label, item in value.items()})
        return record

    def plain(value: Any) -> Any:
        if isinstance(value, Variant):
            return {"tag": value.tag} if value.payload is None else {"tag": value.tag, "val": plain(value.payload)}
        if isinstance(value, Record):
            return {label: plain(item) for label, item in vars(value).items()}
        return [plain(item) for item in value] if isinstance(value, list) else value

    def host(name: str, table: dict[str, Any]) -> Any:
        def function(_: Any, *arguments: Any) -> Any:
            log.append([name, *map(plain, arguments)])
            return given(_answer(table, arguments[-1]))

        return function

    with linker.root() as root:
        for interface, tables in hosts.items():
            with root.add_instance(interface) as added:
                for name, table in tables.items():
                    added.add_func(name, host(name, table))
    instance: Any = linker.instantiate(store, component)
    answers: list[Any] = []
    for name, *arguments in calls:
        function = instance.get_func(store, instance.get_export_index(store, name))
        answer = plain(function(store, *map(given, arguments)))
        function.post_return(store)
        # This binding tells the cases apart by their payloads' types, where it can; failures are strings.
        if gives_result(job, name) and not (isinstance(answer, dict) and "tag" in answer):
            answer = {"tag": "err" if isinstance(answer, str) else "ok", "val": answer}
        answers.append(answer)
    return {"answers": answers, "log": log}


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
