"""Another process compiles modules while they run: their results equal wasmtime's and Python's.

    python -m tests.stress.background --seconds 600

Functions are hot at once, so that each gets its code between two of its calls, or in the middle of a loop. Generated
modules are compared with wasmtime; threads share instances whose results are known (``threads.py``). At times the
helper is killed, in the middle of whatever it does, and another one started.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from tests.differential import oracle
from tests.differential.generator import PROFILES, generate
from tests.differential.loops import generate_loops
from tests.differential.oracle import Call, Disagreement, assemble, compare, make_calls
from tests.stress.threads import TURN, tier_up
from tests.support.turns import short_turns
from wasmz.compile import background

_BYTES = 1200
_TIERS = (-1, -2)


@contextmanager
def helped() -> Iterator[None]:
    """Has a helper started, even where there is only one processor, and with everything hot for it."""
    environment = {name: value for name, value in os.environ.items() if name != background.SWITCH}
    call = oracle.Subject.call

    def slower(subject: oracle.Subject, what: Call) -> object:
        # Gives the helper a turn.
        time.sleep(0.0005)
        return call(subject, what)

    with (
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.object(background, "count_processors", return_value=2),
        mock.patch.dict(oracle.SETTINGS, {"verify": False}),
        mock.patch.object(oracle.Subject, "call", slower),
    ):
        restart()
        yield
        restart()


def restart() -> None:
    """Lets the helper end, and another one begin."""
    background.background.close()
    background.background.reset()


def check(seed: int) -> list[str]:
    """Runs one module; what was wrong."""
    choose = random.Random(seed)
    name = choose.choice(("loops", "threads", *PROFILES))
    pid = background.background.pid
    if pid is not None and choose.random() < 0.1:
        os.kill(pid, signal.SIGTERM)
        if choose.random() < 0.5:
            restart()
    elif background.background.is_off:
        restart()
    if name == "threads":
        with short_turns(TURN):
            return tier_up(seed % 1_000_000, 60)
    data = choose.randbytes(_BYTES)
    binary = assemble(generate_loops(data) if name == "loops" else generate(data, PROFILES[name]))
    try:
        compare(binary, make_calls(binary, seed, 12), levels=_TIERS)
    except Disagreement as problem:
        return [f"{name}: {problem}"]
    return []


def stress(seconds: float, first: int = 1) -> tuple[int, int, list[str]]:
    """Runs modules until the time is over: how many, how many answers the helper gave, and what was wrong."""
    end = time.monotonic() + seconds
    wrong: list[str] = []
    answers = done = 0
    receive = background.Client.receive

    def counting(client: background.Client, *answer: object) -> None:
        nonlocal answers
        answers += 1
        receive(client, *answer)  # type: ignore[arg-type]

    with helped(), mock.patch.object(background.Client, "receive", counting):
        while done == 0 or time.monotonic() < end:
            wrong += [f"seed {first + done}: {problem}" for problem in check(first + done)]
            done += 1
    return done, answers, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    options = parser.parse_args()
    faulthandler.enable()
    done, answers, wrong = stress(options.seconds, options.first)
    print(f"{done} modules, {answers} answers of the helper: {len(wrong)} wrong", *wrong[:5], sep="\n    ", flush=True)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
