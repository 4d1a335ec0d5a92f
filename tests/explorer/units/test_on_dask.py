"""Units on workers of Dask: the same bytes, whatever becomes of workers and scheduler."""

import subprocess
import sys
import threading

import pytest
from safetensors.torch import load_file, save_file

from explorer.ablation.sweep import sweep
from explorer.cli import main
from explorer.units import ablation, store
from explorer.units.on_dask import OnDask, asking
from models.errors import ModelError
from tests import tiny
from tests.explorer.units.test_same_bytes import data, planner_of, same_as_alone, small_batches  # noqa: F401  (fixtures)

distributed = pytest.importorskip("distributed", reason="distributed is not installed (requirements-cluster.txt)")
SLOW_S = 0.15


@pytest.fixture(scope="module")
def cluster():
    """Two workers in threads of this process."""
    how = {"n_workers": 2, "threads_per_worker": 1, "processes": False, "dashboard_address": None, "protocol": "tcp"}
    with distributed.LocalCluster(**how) as made:
        yield made


@pytest.mark.parametrize("name", ["ablate", "prune-exact", "prune-greedy", "heads", "syntax"])
def test_on_a_cluster(cluster, llama_folder, data, small_batches, tmp_path, name):  # noqa: F811
    same_as_alone(name, llama_folder, data, tmp_path, "--scheduler", cluster.scheduler_address)


def test_a_file_that_is_not_there_for_the_workers(cluster, llama_folder, data, tmp_path, capsys):  # noqa: F811
    """An error of the work is told once, in words, and nothing is tried again."""
    out = tmp_path / "out.json"
    command = ["ablate", "--model", llama_folder, "--task", "next", "--data", data, "--json", out, "--scheduler", cluster.scheduler_address]
    assert main.main([str(word) for word in [*command, "--units", data]]) == 1
    assert "is no folder" in capsys.readouterr().err and not out.exists()


def test_no_scheduler_is_told(llama_folder, data, tmp_path):  # noqa: F811
    planner, task = planner_of(llama_folder, data, tmp_path / "units", OnDask("tcp://127.0.0.1:9", patience_s=0.1))
    with pytest.raises(ModelError, match=r"no scheduler.*goes on from there"):
        ablation.swept(planner, task, "zero")


def test_the_scheduler_needs_no_project_and_a_worker_without_it_refuses():
    """In a process where it cannot be imported what is sent can be read, and answers."""
    sent = distributed.protocol.pickle.dumps(asking())
    script = """
import sys, types, pickle
sys.modules["explorer"] = None
import distributed
distributed.get_worker = lambda: types.SimpleNamespace(address="tcp://here:1")
print(pickle.loads(bytes.fromhex(sys.argv[1]))({}, ""))
"""
    said = subprocess.run([sys.executable, "-c", script, sent.hex()], capture_output=True, text=True, check=True).stdout
    assert "'refused'" in said and "has not this project" in said and "tcp://here:1" in said


@pytest.fixture
def fleet():
    from tests.fleet import Fleet

    with Fleet() as made:
        yield made


class Troubled:
    """A sweep on a fleet, and what happens to that when some share is done."""

    def __init__(self, fleet, folder, data, units, said, timeout_s=60.0):  # noqa: F811
        self.executor = OnDask(fleet.address, said.append, timeout_s=timeout_s, patience_s=60.0)
        self.planner, self.task = planner_of(folder, data, units, self.executor)
        self.units = units

    def run(self, happens=lambda: None, at=0.3):
        happened = []

        def tell(share):
            if share >= at and not happened:
                happened.append(share)
                happens()

        try:
            found = ablation.swept(self.planner, self.task, "zero", tell)
        finally:
            self.executor.close()
        assert happened and happened[0] < 1
        self.same(found)

    def same(self, found):
        """As the sweep alone, and each unit there once, and whole."""
        alone = sweep(self.task)
        assert found.without.keys() == alone.without.keys()
        for one, other in [(found.baseline, alone.baseline), *((found.without[head], alone.without[head]) for head in alone.without)]:
            assert all(getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in vars(one))
        files = list((self.units / store.UNITS).rglob("*"))
        digests = [file.stem for file in files if file.is_file()]
        assert len(digests) == len(set(digests)) > 5 and all(store.read_any(self.units, digest) for digest in digests)


@pytest.fixture
def many_batches(monkeypatch):
    monkeypatch.setattr("explorer.tasks.base.TOKENS", 40)


@pytest.mark.thorough
def test_a_worker_is_killed_in_the_middle(fleet, llama_folder, data, many_batches, tmp_path):  # noqa: F811
    workers = [fleet.start_worker(seconds=SLOW_S) for _number in range(2)]
    Troubled(fleet, llama_folder, data, tmp_path / "units", []).run(lambda: fleet.kill(workers[0]))


@pytest.mark.thorough
def test_a_worker_never_answers(fleet, llama_folder, data, many_batches, tmp_path):  # noqa: F811
    workers, said = [fleet.start_worker(seconds=SLOW_S) for _number in range(2)], []
    Troubled(fleet, llama_folder, data, tmp_path / "units", said, timeout_s=4.0).run(lambda: fleet.silence(workers[0]))
    assert any("does not answer" in text for text in said)


@pytest.mark.thorough
def test_the_scheduler_is_restarted(fleet, llama_folder, data, many_batches, tmp_path):  # noqa: F811
    said = []
    for _number in range(2):
        fleet.start_worker(seconds=SLOW_S)

    def restart():
        fleet.kill(fleet.scheduler)
        fleet.start_scheduler()

    Troubled(fleet, llama_folder, data, tmp_path / "units", said).run(restart)
    assert any("is away" in text for text in said)


@pytest.mark.thorough
def test_two_drivers_on_one_folder(fleet, llama_folder, data, many_batches, tmp_path):  # noqa: F811
    for _number in range(2):
        fleet.start_worker(seconds=SLOW_S)
    both = [Troubled(fleet, llama_folder, data, tmp_path / "units", []) for _number in range(2)]
    failed = []

    def drive(one):
        try:
            one.run()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=drive, args=(one,)) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


@pytest.mark.thorough
def test_a_worker_with_other_code_is_passed_over_and_refused_where_it_is_alone(fleet, llama_folder, data, many_batches, tmp_path):  # noqa: F811
    said = []
    other = fleet.start_worker(code="another version")
    with pytest.raises(ModelError, match=r"No worker does it.*other code: another version"):
        Troubled(fleet, llama_folder, data, tmp_path / "units", said).run()
    assert other.is_alive() and not list((tmp_path / "units" / store.UNITS).rglob("*.json"))
    fleet.start_worker(seconds=SLOW_S)
    with distributed.Client(fleet.address, set_as_default=False) as client:
        client.wait_for_workers(2)
    Troubled(fleet, llama_folder, data, tmp_path / "units", said).run()
    assert any("does not do it" in text and "another version" in text for text in said)


@pytest.mark.thorough
def test_a_worker_with_other_weights_is_passed_over_and_refused_where_it_is_alone(fleet, data, many_batches, tmp_path):  # noqa: F811
    """The folder of the model has the same path there, and holds another version of it."""
    folder, said = tiny.save("llama", tmp_path / "llama"), []
    whole = (folder / "model.safetensors").read_bytes()
    job = Troubled(fleet, folder, data, tmp_path / "units", said)
    changed = load_file(folder / "model.safetensors")
    next(iter(changed.values())).flatten()[7] += 1e-3
    save_file(changed, folder / "model.safetensors", {"format": "pt"})
    other = fleet.start_worker()
    with pytest.raises(
        ModelError, match=rf"No worker does it.*Its weights of {folder} are others: \w+, where {job.planner.weights} is asked for"
    ):
        job.run()
    assert other.is_alive() and not list((tmp_path / "units" / store.UNITS).rglob("*.json"))
    # One with the right ones does all of it; the first has its own open still, and goes on refusing.
    (folder / "model.safetensors").write_bytes(whole)
    fleet.start_worker(seconds=SLOW_S)
    with distributed.Client(fleet.address, set_as_default=False) as client:
        client.wait_for_workers(2)
    Troubled(fleet, folder, data, tmp_path / "units", said).run()
    assert any("does not do it" in text and "weights" in text and "are others" in text for text in said)
