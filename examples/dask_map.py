"""Maps a function of a WebAssembly module over a data set, on the workers of a Dask cluster.

    pip install wasmz "dask[distributed]" && python examples/dask_map.py

The module is pickled with the task. A worker unpickles code that is compiled already, makes one instance for each of
its threads, and keeps it for all calls to come.
"""

from pathlib import Path

from dask.distributed import Client, LocalCluster

import wasmz


def factorial(module: wasmz.Module, n: int) -> int:
    """``n!`` modulo 2^64, by the worker's own instance of the module."""
    return wasmz.worker_instance(module).exports.factorial(n)


def main() -> None:
    """Computes the factorials of 0 to 20 on two workers."""
    module = wasmz.Module.compile(Path(__file__).with_name("factorial.wasm"))
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        # Sent once to each worker, however many tasks need it.
        shared = client.scatter(module, broadcast=True)
        results = client.gather(client.map(lambda n, module: factorial(module, n), range(21), module=shared))
    for n, result in enumerate(results):
        print(f"{n:2}! = {result}")


if __name__ == "__main__":
    main()
