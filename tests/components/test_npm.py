"""Components of npm's packages give the same by wasmz, by wasmtime's component API, by wasmz's form of that, and by
node, for which the packages carry the same component as jco translated it. What is known besides is compared, too.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fetch import FetchError
from benchmarks.fetch import run as run_command
from tests.components.npm_jobs import CARDS, JOBS, TEXT, gives_result, run
from tests.components.packages import NPM_JOBS
from tests.support.built import missing

_ENGINES = ("wasmz", "wasmtime", "wasmz.wasmtime")

# The labels of WIT are in camel case in JavaScript, and none is ``undefined``.
_NODE = """
import { readFileSync } from 'node:fs';
const [translated, folder, input] = process.argv.slice(2);
const { calls, hosts, results } = JSON.parse(readFileSync(input, 'utf8'));
const { instantiate } = await import(translated);
const camel = (label) => label.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
const kebab = (name) => name.replace(/[A-Z]/g, (letter) => '-' + letter.toLowerCase());
const plain = (value) => {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value ?? null;
  const entries = Object.entries(value).filter(([name, item]) => name !== 'val' || item !== undefined);
  return Object.fromEntries(entries.map(([name, item]) => [kebab(name), plain(item)]));
};
const given = (value) => {
  if (Array.isArray(value)) return value.map(given);
  if (value === null || typeof value !== 'object') return value ?? undefined;
  return Object.fromEntries(Object.entries(value).map(([label, item]) => [camel(label), given(item)]));
};
const log = [];
const host = (label, table) => (...args) => {
  log.push([label, ...plain(args)]);
  const answer = (item) => given(Object.hasOwn(table, item) ? table[item] : table['']);
  const last = args.at(-1);
  return Array.isArray(last) ? last.map(answer) : answer(last);
};
const imports = {};
for (const [name, tables] of Object.entries(hosts)) {
  const functions = Object.entries(tables).map(([label, table]) => [camel(label), host(label, table)]);
  imports[name] = Object.fromEntries(functions);
}
const component = await instantiate((name) => WebAssembly.compile(readFileSync(`${folder}/${name}`)), imports);
const answers = calls.map(([name, ...args], index) => {
  try {
    const answer = plain(component[camel(name)](...args.map(given)));
    return results[index] ? { tag: 'ok', val: answer } : answer;
  } catch (error) {
    if (!('payload' in error)) throw error;
    return { tag: 'err', val: error.payload };
  }
});
console.log(JSON.stringify({ answers, log }));
"""


def _file(job: str) -> Path:
    if sys.platform == "emscripten":
        pytest.skip("there are no processes here, and no network")
    try:
        return NPM_JOBS[job]()
    except FetchError as error:
        missing(str(error))


def _answers(job: str, scratch: Path) -> list[tuple[list[Any], Any]]:
    """The calls with what all engines answer, once it is the same, and they have asked the same of the host."""
    pytest.importorskip("wasmtime.component")
    path = _file(job)
    given = {}
    for engine in _ENGINES:
        (scratch / engine).mkdir()
        given[engine] = run(engine, job, path, scratch / engine)
    assert given["wasmz"] == given["wasmtime"]
    assert given["wasmz.wasmtime"] == given["wasmtime"]
    return list(zip(JOBS[job][0], given["wasmz"]["answers"], strict=True))


@pytest.mark.parametrize("job", ["analyze-early", "analyze", "redact"])
def test_node_gives_the_same(job: str, tmp_path: Path) -> None:
    """The code that jco made of the component, which is what the package itself uses."""
    path = _file(job)
    calls, hosts = JOBS[job]
    results = [gives_result(job, call[0]) for call in calls]
    script, asked = tmp_path / "script.mjs", tmp_path / "calls.json"
    script.write_text(_NODE, encoding="utf-8")
    asked.write_text(json.dumps({"calls": calls, "hosts": hosts, "results": results}), encoding="utf-8")
    arguments = [path.with_suffix(".js").as_uri(), str(path.parent), str(asked)]
    try:
        printed = run_command(["node", "--no-warnings", str(script), *arguments], "it is Node.js")
    except FetchError as error:
        if "is missing" not in str(error):
            raise
        missing(str(error))
    assert run("wasmz", job, path, tmp_path) == json.loads(printed)


def test_redaction(tmp_path: Path) -> None:
    """Records with variants, in lists that come and go, and hosts that are asked while the component reads."""
    everything, *_others = [answer for _, answer in _answers("redact", tmp_path)]
    for found in everything:  # the places count bytes of UTF-8
        assert TEXT.encode()[found["start"] : found["end"]].decode() == found["original"]
        assert found["redacted"].startswith("<Redacted ")
    kinds = {found["original"]: found["identified-type"]["tag"] for found in everything}
    expected = {"ann@example.org": "email", "é@x.fr": "email", "192.0.2.7": "ip-address"}
    expected |= {"+44 20 7946 0958": "phone-number", CARDS[0]: "credit-card-number"}
    assert expected.items() <= kinds.items()
    assert CARDS[1] not in kinds


@pytest.mark.parametrize("job", ["analyze", "analyze-python"])
def test_analysis(job: str, tmp_path: Path) -> None:
    """Six functions with variants of records, results and failures; the second component of that world is of PyPI."""
    answers = _answers(job, tmp_path)
    bots = [(call, answer["val"]) for call, answer in answers if call[0] == "detect-bot" and answer["tag"] == "ok"]
    for call, answer in bots:
        named = call[2]["val"]["entities"]
        if "curl" in call[1] and "CURL" in named:
            listed = call[2]["tag"].partition("-")[0]
            assert (answer["allowed"], answer["denied"]) == ((["CURL"], []) if listed == "allowed" else ([], ["CURL"]))
    validity = {call[1]: answer["val"]["validity"] for call, answer in answers if call[0] == "is-valid-email"}
    assert validity["ann@"] == "invalid"
    prints = [answer for call, answer in answers if call[0] == "generate-fingerprint"]
    assert {answer["tag"] for answer in prints} == {"ok", "err"}
    assert all(answer["val"].startswith("fp::2::") for answer in prints if answer["tag"] == "ok")
    places = [answer for call, answer in answers if call[0] == "detect-sensitive-info"]
    for place in (place for answer in places for place in answer["allowed"] + answer["denied"]):
        text = TEXT.encode()[place["start"] : place["end"]].decode()
        assert place["identified-type"] != {"tag": "email"} or "@" in text
        assert place["identified-type"] != {"tag": "credit-card-number"} or text == CARDS[0]


def test_early_analysis(tmp_path: Path) -> None:
    """The component of a release from before that world, which writes to a log of the host's."""
    answers = _answers("analyze-early", tmp_path)
    kinds = {tuple(call[1:]): answer["val"]["bot-type"] for call, answer in answers if call[0] == "detect-bot"}
    curl = json.dumps({"user-agent": "curl/8.1.2"})
    assert kinds[curl, "{}", "[]"] == "automated"
    assert kinds[curl, "{}", '["^curl"]'] != "automated"
    assert kinds[curl, "no JSON", "[]"] == "not-analyzed"
