"""A scheduler of Dask here and workers as jobs of Slurm, until Ctrl+C: `python docs/cluster/slurm.py --jobs 16 --queue batch`.

Start it in the project's folder, on a machine that may submit jobs and that they reach, and give the address that it prints to a command
as --scheduler. Folders of models, data and units must be seen under the same paths by all.
"""

import argparse
import signal
import sys
from pathlib import Path

from dask_jobqueue import SLURMCluster


def cluster_of(given: argparse.Namespace) -> SLURMCluster:
    project = Path(__file__).resolve().parents[2]
    gpu = [f"--gres=gpu:{given.gpus}"] if given.gpus else []
    return SLURMCluster(
        queue=given.queue,
        account=given.account,
        walltime=given.walltime,
        # One process with one thread a core: the results are those of a driver with OMP_NUM_THREADS=1.
        cores=given.cores,
        processes=given.cores,
        memory=given.memory,
        python=sys.executable,
        job_extra_directives=gpu,
        # Workers import the project from its folder, and find the same bits on any number of them.
        job_script_prologue=[f"cd {project}", f"export PYTHONPATH={project}", "export OMP_NUM_THREADS=1"],
        scheduler_options={"dashboard_address": "127.0.0.1:0"},
        # A worker ends before its time is up, between two units, and its next unit goes to another.
        worker_extra_args=["--lifetime", given.lifetime, "--lifetime-stagger", "2m"],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=4, help="of Slurm (default: %(default)s)")
    parser.add_argument("--cores", type=int, default=8, help="of each job, a worker for each (default: %(default)s)")
    parser.add_argument("--memory", default="32GB", help="of each job (default: %(default)s)")
    parser.add_argument("--gpus", type=int, default=0, help="of each job; then --cores 1 for a worker a GPU")
    parser.add_argument("--queue")
    parser.add_argument("--account")
    parser.add_argument("--walltime", default="04:00:00")
    parser.add_argument("--lifetime", default="230m", help="a little less than --walltime (default: %(default)s)")
    parser.add_argument("--print", action="store_true", help="print the job's script, and submit nothing")
    given = parser.parse_args()
    with cluster_of(given) as cluster:
        if given.print:
            print(cluster.job_script())
            return
        cluster.scale(jobs=given.jobs)
        print(f"give a command --scheduler {cluster.scheduler_address}", flush=True)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("its jobs are cancelled")


if __name__ == "__main__":
    main()
