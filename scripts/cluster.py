"""A scheduler of Dask and workers in processes of this machine, until Ctrl+C: `python -m scripts.cluster --workers 4`.

What docs/cluster.md says can be tried with it before there is a cluster. Nothing but this machine reaches it.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Starts them and waits. Exit status 0 after Ctrl+C."""
    parser = argparse.ArgumentParser("python -m scripts.cluster", description=__doc__)
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes, each on one thread (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8786, help="of the scheduler; 0 for any that is free (default: %(default)s)")
    given = parser.parse_args(arguments)
    from distributed import LocalCluster

    # Ended by Ctrl+C as by a service manager.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    how = {"n_workers": given.workers, "threads_per_worker": 1, "processes": True, "host": "127.0.0.1"}
    with LocalCluster(**how, dashboard_address="127.0.0.1:0", scheduler_port=given.port, silence_logs=logging.ERROR) as cluster:
        print(f"{len(cluster.workers)} workers; give a command --scheduler {cluster.scheduler_address}", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
