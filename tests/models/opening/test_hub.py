"""The hub's client, with a hub that is made here: whose conversion is taken, how much is fetched, and what strangers may open."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import RepositoryNotFoundError
from huggingface_hub.file_download import repo_folder_name

import models
from models.opening import allowed, hub, loading
from tests import tiny


class Hub:
    """Answers as the hub's client does: a repository with pickle alone, and requests to merge safetensors into it."""

    def __init__(self, *requests: SimpleNamespace, size: int = 1000) -> None:
        self.requests, self.size = requests, size

    def model_info(self, repo, revision=None, files_metadata=False, timeout=None):
        names = ["config.json", "pytorch_model.bin"] if revision is None else ["config.json", "model.safetensors"]
        return SimpleNamespace(siblings=[SimpleNamespace(rfilename=name, size=self.size) for name in names])

    def list_repo_commits(self, repo, revision=None):
        newest = [SimpleNamespace(commit_id="newest"), SimpleNamespace(commit_id="older")]
        return newest if revision is None else [SimpleNamespace(commit_id="merge me"), newest[self.requests[0].behind]]

    def get_repo_discussions(self, repo, author=None, discussion_type=None, discussion_status=None):
        return iter(self.requests)


def request(author="SFconvertbot", title=hub._CONVERSION_TITLE, status="open", behind=0):
    return SimpleNamespace(author=author, title=title, status=status, is_pull_request=True, git_reference="refs/pr/1", behind=behind)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of the hub's kind; what is downloaded is a tiny model."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    place = tmp_path / repo_folder_name(repo_id="owner/model", repo_type="model")

    def download(repo, revision=None, local_files_only=False, allow_patterns=None, tqdm_class=None):
        if local_files_only:
            name = place / "refs" / (revision or "main")
            if not name.is_file():
                raise FileNotFoundError
            return str(place / "snapshots" / name.read_text())
        folder = place / "snapshots" / "0123abc"
        folder.mkdir(parents=True)
        (place / "refs").mkdir()
        return str(tiny.save("bert", folder))

    monkeypatch.setattr(hub, "snapshot_download", download)
    return place


def test_a_conversion_is_taken_from_the_converter_and_found_again_without_a_network(cache, monkeypatch):
    monkeypatch.setattr(hub, "HfApi", lambda: Hub(request()))
    first = models.load("owner/model", device="cpu")
    assert first.origin == "hub owner/model"

    def unplugged():
        raise ConnectionError

    monkeypatch.setattr(hub, "HfApi", unplugged)
    assert models.load("owner/model", device="cpu").parameters == first.parameters


@pytest.mark.parametrize("wrong", [{"author": "somebody"}, {"title": "Better weights"}, {"status": "closed"}, {"behind": 1}])
def test_nobody_else_s_conversion_is_taken(cache, monkeypatch, wrong):
    monkeypatch.setattr(hub, "HfApi", lambda: Hub(request(**wrong)))
    with pytest.raises(models.ModelError, match="only as pickle"):
        models.load("owner/model")


def test_too_much_is_refused_before_it_is_fetched(cache, monkeypatch):
    monkeypatch.setattr(hub, "HfApi", lambda: Hub(request(), size=30 * 10**9))
    with pytest.raises(models.ModelError, match="at most 40 GB"):
        models.load("owner/model")
    monkeypatch.setattr(hub.shutil, "disk_usage", lambda folder: SimpleNamespace(free=10**9))
    monkeypatch.setattr(hub, "HfApi", lambda: Hub(request(), size=2 * 10**9))
    with pytest.raises(models.ModelError, match=r"4\.0 GB, and the disk has room for 1\.0 GB"):
        models.load("owner/model")
    assert not cache.exists()


@pytest.mark.parametrize("name", ["owner/model", "owner/model@main", "gpt2"])
def test_ids(name):
    assert hub.is_id(name)


@pytest.mark.parametrize("name", ["/etc", "../x", "./x", "~/x", "a/b/c", "C:\\x", "", "x" * 300])
def test_no_path_is_an_id(name):
    assert not hub.is_id(name)


def test_strangers_open_no_path_and_do_not_learn_which_exist(tmp_path, monkeypatch):
    tiny.save("bert", tmp_path / "model")
    tiny.save("bert", tmp_path / "owner" / "model")
    monkeypatch.setattr(allowed, "NOW", allowed.Allowed())
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_IMPLICIT_TOKEN", False)
    monkeypatch.chdir(tmp_path)
    assert models.load("owner/model", device="cpu").origin == "folder owner/model"
    allowed.share_with_strangers()
    assert constants.HF_HUB_DISABLE_IMPLICIT_TOKEN
    said = []
    for name in (tmp_path / "model", tmp_path / "nowhere", "./model", "~/x"):
        with pytest.raises(models.ModelError) as caught:
            loading.locate(str(name))
        said.append(str(caught.value))
    assert len(set(said)) == 1 and "guests" in said[0]
    # A name that could be an id is asked of the hub, whatever lies here.
    monkeypatch.setattr(hub, "fetch", lambda name, progress=None: Path("fetched"))
    assert loading.locate("owner/model") == (Path("fetched"), "hub owner/model")
    assert loading.locate("all-MiniLM-L6-v2")[1] == "bundled"


@pytest.mark.parametrize("revision", ["/dev/zero", "../../../x", "a/../../x", "./x", "a\0b", "x" * 300])
def test_a_revision_reads_no_file_outside_the_cache(cache, monkeypatch, revision):
    def never(*_given, **_more):
        raise AssertionError("the cache was asked")

    monkeypatch.setattr(hub, "snapshot_download", never)
    with pytest.raises(models.ModelError, match="no such revision"):
        hub.fetch(f"owner/model@{revision}")


class Shown:
    """A hub that shows one model to everybody, one to who has asked, and one to its owner alone; it notes whose token it was asked with."""

    def __init__(self, asked: list, error: Exception | None = None) -> None:
        self.asked, self.error = asked, error

    def __call__(self, token=None):
        self.asked.append(token)
        return self

    def model_info(self, repo, timeout=None):
        if self.error is not None:
            raise self.error
        if repo == "owner/private":
            import httpx2 as httpx

            raise RepositoryNotFoundError("404", response=httpx.Response(404, request=httpx.Request("GET", "http://hub.invalid")))
        return SimpleNamespace(gated="manual" if repo == "owner/gated" else False)


@pytest.fixture
def full_cache(tmp_path, monkeypatch):
    """Whatever is asked for lies in the hub's cache."""
    folder = tiny.save("bert", tmp_path / "cached")
    monkeypatch.setattr(hub, "snapshot_download", lambda repo, **_how: str(folder))
    monkeypatch.setattr(allowed, "NOW", allowed.Allowed())
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_IMPLICIT_TOKEN", False)
    return folder


def test_guests_open_what_the_hub_shows_to_everybody_whatever_the_cache_holds(full_cache, monkeypatch):
    asked: list = []
    monkeypatch.setattr(hub, "HfApi", Shown(asked))
    names = ("owner/gated", "owner/private", "owner/public", "openai-community/gpt2")
    assert [hub.fetch(name) for name in names] == [full_cache] * 4 and not asked, "who sits here opens what is here"
    allowed.share_with_strangers()
    assert hub.fetch("owner/public") == hub.fetch("owner/public@main") == full_cache
    assert asked == [False, False], "asked without anybody's token"
    with pytest.raises(models.ModelError, match=r"gated.*guests.*\n?.*your own machine"):
        hub.fetch("owner/gated")
    with pytest.raises(models.ModelError, match="or it is private"):
        hub.fetch("owner/private")
    asked.clear()
    assert hub.fetch("openai-community/gpt2") == full_cache and not asked, "the catalogue is for everybody"


def test_guests_do_not_learn_what_lies_here_while_the_hub_is_silent(full_cache, monkeypatch):
    monkeypatch.setattr(hub, "HfApi", Shown([], ConnectionError("no network")))
    allowed.share_with_strangers()
    with pytest.raises(models.ModelError, match="cannot be asked about owner/public now") as caught:
        hub.fetch("owner/public")
    monkeypatch.setattr(hub, "snapshot_download", lambda repo, **_how: pytest.fail("the cache was read"))
    with pytest.raises(models.ModelError) as empty:
        hub.fetch("owner/public")
    assert str(empty.value) == str(caught.value)


def test_guests_open_what_who_serves_has_named_without_a_network(full_cache, monkeypatch):
    monkeypatch.setattr(hub, "HfApi", Shown([], ConnectionError("no network")))
    allowed.share_with_strangers()
    allowed.NOW.names = frozenset({"owner/public"})
    assert hub.fetch("owner/public") == full_cache
    with pytest.raises(models.ModelError, match="cannot be asked"):
        hub.fetch("owner/public@refs/pr/1")


def test_a_download_that_was_killed_is_not_believed_and_fetched_again(tmp_path, monkeypatch):
    """With the hub's own client: a snapshot with one of the two files that its index names, as a kill leaves it."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    place = tmp_path / repo_folder_name(repo_id="owner/model", repo_type="model")
    commit = "0" * 40
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text(commit)
    made = tiny.network("bert")
    made.save_pretrained(place / "snapshots" / commit, max_shard_size="10KB")
    tiny.tokenizer("bert").save_pretrained(place / "snapshots" / commit)
    real = hub.snapshot_download
    monkeypatch.setattr(hub, "snapshot_download", lambda repo, **how: real(repo, **how, cache_dir=tmp_path))
    assert hub.fetch("owner/model") == place / "snapshots" / commit
    shard = max((place / "snapshots" / commit).glob("model-*.safetensors"))
    shard.rename(tmp_path / "kept")
    asked = []
    monkeypatch.setattr(hub, "_download", lambda repo, revision, progress: asked.append(repo) or shard.parent)
    hub.fetch("owner/model")
    assert asked == ["owner/model"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(30, "Read-only file system"), "may not be written to"),
        (PermissionError(13, "Permission denied"), "may not be written to"),
        (OSError(122, "Disk quota exceeded"), "disk is full"),
        (RuntimeError("Data processing error: I/O error: No space left on device (os error 28)"), "disk is full"),
    ],
)
def test_a_cache_that_cannot_be_written_is_told_with_an_advice(cache, monkeypatch, error, said):
    def fails(repo, local_files_only=False, **_how):
        raise FileNotFoundError if local_files_only else error

    monkeypatch.setattr(hub, "HfApi", lambda: Hub(request()))
    monkeypatch.setattr(hub, "snapshot_download", fails)
    with pytest.raises(models.ModelError, match=said) as caught:
        models.load("owner/model")
    assert "HF_HOME" in caught.value.advice


def test_a_version_that_is_here_is_named_where_none_is_called_the_newest(cache, monkeypatch):
    """What was asked for by a commit, or copied without the folder of names, was "not on this machine"."""
    commits = ["a" * 40, "b" * 40]
    for age, commit in enumerate(commits):
        tiny.save("bert", cache / "snapshots" / commit)
        os.utime(cache / "snapshots" / commit / "config.json", (age, age))
    tiny.save("bert", cache / "snapshots" / "cut")
    (cache / "snapshots" / "cut" / "model.safetensors").unlink()

    def unplugged(*args, **kwargs):
        raise ConnectionError

    monkeypatch.setattr(hub, "HfApi", unplugged)
    with pytest.raises(models.ModelError, match="which version of owner/model is the newest") as caught:
        models.load("owner/model", device="cpu")
    assert caught.value.advice == f"Name one that is here: owner/model@{commits[1]}."
    with pytest.raises(models.ModelError, match="is not on this machine"):
        models.load("owner/other", device="cpu")
    monkeypatch.setattr(hub, "snapshot_download", snapshot_download)
    assert models.load(f"owner/model@{commits[1]}", device="cpu").origin.startswith("hub owner/model")
