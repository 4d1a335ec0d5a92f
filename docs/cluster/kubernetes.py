"""A scheduler of Dask and workers as pods of Kubernetes: `python docs/cluster/kubernetes.py --image IMAGE --claim CLAIM --workers 16`.

The cluster needs the operator of Dask (helm install --repo https://helm.dask.org --create-namespace -n dask-operator --generate-name
dask-kubernetes-operator). IMAGE holds the project in /project and its .venv, requirements-cluster.txt installed; CLAIM is a volume that
all pods may write to (ReadWriteMany). A command runs in a pod of the same image with the same volume, and is given the printed address.
"""

import argparse
import json
import signal


def spec_of(given: argparse.Namespace) -> dict:
    from dask_kubernetes.operator import make_cluster_spec

    resources = {"requests": {"cpu": "1", "memory": given.memory}, "limits": {"cpu": "1", "memory": given.memory}}
    env = {"OMP_NUM_THREADS": "1", "PYTHONPATH": "/project", "HF_HOME": "/shared/hub"}
    spec = make_cluster_spec(name=given.name, image=given.image, n_workers=given.workers, resources=resources, env=env)
    for part in ("worker", "scheduler"):
        pod = spec["spec"][part]["spec"]
        pod["volumes"] = [{"name": "shared", "persistentVolumeClaim": {"claimName": given.claim}}]
        pod["containers"][0]["volumeMounts"] = [{"name": "shared", "mountPath": "/shared"}]
    # One thread a worker: the results are those of a driver with OMP_NUM_THREADS=1.
    args = ["dask", "worker", "--nthreads", "1", "--name", "$(DASK_WORKER_NAME)", "--no-dashboard"]
    spec["spec"]["worker"]["spec"]["containers"][0]["args"] = args
    return spec


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", default="attention-explorer")
    parser.add_argument("--image", required=True)
    parser.add_argument("--claim", required=True, help="volume that all pods may write to, seen as /shared")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--memory", default="4Gi", help="of each worker (default: %(default)s)")
    parser.add_argument("--print", action="store_true", help="print what is asked of Kubernetes, and ask nothing")
    given = parser.parse_args()
    spec = spec_of(given)
    if given.print:
        print(json.dumps(spec, indent=1))
        return
    from dask_kubernetes.operator import KubeCluster

    with KubeCluster(custom_cluster_spec=spec) as cluster:
        print(f"give a command --scheduler {cluster.scheduler_address}", flush=True)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("its pods are taken away")


if __name__ == "__main__":
    main()
