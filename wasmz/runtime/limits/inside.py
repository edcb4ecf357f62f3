"""Runs functions of the host as an instance's own code, so that its store's deadlines stop them, too.

    run_inside(instance, print, ("hello",))       what print gives; raises Interrupted at the deadline

That is for code of the host that a guest decides about, where none of the guest's functions are around it: what a
package's JavaScript does before or after it calls the module, timers, and jobs of promises.
"""

from __future__ import annotations

from wasmz.runtime.abi import EXPORT_FILE, FRAME_KEY, HOST
from wasmz.startup.light import FunctionType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasmz.runtime.link.instance import Instance

__wasmz_frame__ = "helper"

# As for a function of the host that the guest calls: the outer frame is the instance's, and that of an adapter; the
# exception is sent only to frames further in than the inner one.
_outer = compile("def run(call, function, args):\n    return call(function, args)", EXPORT_FILE, "exec").co_consts[0]
_inner: dict[str, Any] = {FRAME_KEY: HOST, "__name__": "wasmz.imports", "__builtins__": {}}
exec("def call(function, args):\n    return function(*args)", _inner)


def run_inside(instance: Instance, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Calls a function with arguments.

    Raises:
        Interrupted: a deadline of the instance's store, or a request to stop its code.
        BaseException: what the function raises.
    """
    marked = {FRAME_KEY: instance._binder.frames, "__name__": "wasmz.exports", "__builtins__": {}}
    return FunctionType(_outer, marked)(_inner["call"], function, args)
