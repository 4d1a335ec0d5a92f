"""Fetching a model from the Hugging Face hub: safetensors only, with progress, and with words for what went wrong."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatch
from pathlib import Path

from huggingface_hub import HfApi, constants, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    IncompleteSnapshotError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import repo_folder_name
from huggingface_hub.utils import validate_repo_id
from tqdm.auto import tqdm

from models import atomic
from models.atomic import put_text
from models.errors import ModelError
from models.opening import allowed, catalogue, folder
from models.words import told

Progress = Callable[[str, float], None]
"""Called with what is going on and the share that is done, 0 to 1."""

_CONVERSION_TITLE = "Adding `safetensors` variant of this model"
_CONVERTER = "SFconvertbot"
"""Account of the hub's own converter. Anybody may ask for a merge under its title."""
_CONVERTED = "converted-by-the-hub"
"""Under this name the cache finds the conversion again that was fetched, also without a network."""
_OTHER = told("Choose a bundled model, or give a local folder.")
_REVISION = re.compile(r"(?!.*\.\.)\w[\w.\-+/]{0,199}")
"""Names of branches, tags and commits, such as "refs/pr/1"."""
_SMALL = ["*.json", "*.txt", "*.model", "*.spm"]
_WEIGHTS = ["model.safetensors", "model-*.safetensors"]
"""Files that transformers reads; some repositories repeat their weights under other names (fp16, consolidated)."""


def is_id(name: str) -> bool:
    """Whether a name could be that of a model on the hub, "owner/model" or "owner/model@revision"; no path is."""
    try:
        validate_repo_id(name.partition("@")[0])
    except HFValidationError:
        return False
    return True


def fetch(name: str, progress: Progress | None = None) -> Path:
    """The local folder of a hub model, downloaded if it is not here yet.

    Args:
        name: hub id, "owner/model" or "owner/model@revision".
        progress: told about the download.

    Raises:
        ModelError: hub unreachable, unknown id, gated id, no safetensors, no room on the disk, larger than is allowed, not for guests.
    """
    repo, _, revision = name.partition("@")
    revision = revision or None
    if revision and not _REVISION.fullmatch(revision):
        # The cache keeps revisions as files of that name, and would read any file for one that climbs out of its folder.
        raise _no_revision(name)
    try:
        if not allowed.NOW.cache:
            _check_everybody_may(name, repo)
        cached = _cached(repo, revision) or (_cached(repo, _CONVERTED) if revision is None else None)
        if cached is not None:
            return cached
        return _download(repo, revision, progress)
    except ModelError:
        raise
    except Exception as error:
        raise _version_unknown(repo, error) or explained(name, error) from error


def _version_unknown(repo: str, error: Exception) -> ModelError | None:
    """Where the hub cannot be reached, and what it sent once is here, but no name of a branch (it was asked for by a commit, or copied)."""
    if not (isinstance(error, OfflineModeIsEnabled | LocalEntryNotFoundError) or _network(error)):
        return None
    snapshots = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=repo, repo_type="model") / "snapshots"
    found = [path.parent for path in snapshots.glob("*/config.json") if _is_whole(path.parent)]
    if not found:
        return None
    newest = max(found, key=lambda path: (path / "config.json").lstat().st_mtime)
    problem = told("The Hugging Face hub cannot be reached, and nothing on this machine says which version of {name} is the newest.", name=repo)
    return ModelError(problem, told("Name one that is here: {name}.", name=f"{repo}@{newest.name}"))


def _is_whole(snapshot: Path) -> bool:
    try:
        folder.weights(snapshot)
    except (FileNotFoundError, ModelError):
        return False
    return any(snapshot.glob("*.safetensors"))


def _check_everybody_may(name: str, repo: str) -> None:
    """What the catalogue offers, and what who serves has named, is for everybody; of anything else the hub is asked, by nobody in particular,
    whether it shows it."""
    if name in (allowed.NOW.names or ()) or any(entry.name == repo for entry in catalogue.CATALOGUE):
        return
    other = told("Choose a model of the list, or run the dashboard on your own machine.")
    try:
        gated = HfApi(token=False).model_info(repo, timeout=10).gated
    except RepositoryNotFoundError:
        raise
    except Exception as error:
        # Whether it lies on this machine is not said.
        if _network(error) or isinstance(error, OfflineModeIsEnabled | LocalEntryNotFoundError | HfHubHTTPError):
            raise ModelError(
                told("Guests open what the hub shows to everybody, and it cannot be asked about {name} now.", name=name), other
            ) from error
        raise
    if gated:
        raise ModelError(told("{name} is gated: its owner lets in only who has asked, so it is not opened for guests.", name=name), other)


def _cached(repo: str, revision: str | None) -> Path | None:
    try:
        # Weights of other names that lie on the hub beside these were never fetched, and are not missed.
        found = Path(snapshot_download(repo, revision=revision, local_files_only=True, allow_patterns=[*_SMALL, *_WEIGHTS]))
        # A download that was killed leaves a snapshot of some of its files; the hub's client knows it only where it keeps a list of them.
        folder.weights(found)
    except (LocalEntryNotFoundError, RevisionNotFoundError, FileNotFoundError, ModelError):
        return None
    # A snapshot may hold nothing but a config; weights decide whether it can be opened without the hub.
    return found if any(found.glob("*.safetensors")) and (found / "config.json").is_file() else None


def _download(repo: str, revision: str | None, progress: Progress | None) -> Path:
    api = HfApi()
    files = _top_level(api, repo, revision)
    converted = None
    if not any(file.endswith(".safetensors") for file in files) and revision is None:
        # Many older models have their safetensors in the hub's own, unmerged conversion request.
        converted = _conversion(api, repo)
        revision = converted or revision
        files = _top_level(api, repo, revision) if converted else files
    if not any(file.endswith(".safetensors") for file in files):
        raise ModelError(
            told("{repo} offers its weights only as pickle, which can run code when it is opened.", repo=repo),
            told("Choose a model with safetensors, or convert it with save_pretrained in an environment that you trust."),
        )
    _check_size(repo, files)
    found = Path(snapshot_download(repo, revision=revision, allow_patterns=_wanted(files), tqdm_class=_reporting(repo, progress)))
    if converted:
        # The cache keeps names of revisions as files that hold a commit.
        put_text(found.parents[1] / "refs" / _CONVERTED, found.name)
    return found


def _conversion(api: HfApi, repo: str) -> str | None:
    """The revision of the converter's own open request that is based on the newest commit; None where there is none."""
    newest = api.list_repo_commits(repo)[0].commit_id
    for request in api.get_repo_discussions(repo, author=_CONVERTER, discussion_type="pull_request", discussion_status="open"):
        # Said again here: a filter that the hub did not know would let anybody in.
        if request.author == _CONVERTER and request.title == _CONVERSION_TITLE and request.is_pull_request and request.status == "open":
            commits = api.list_repo_commits(repo, revision=request.git_reference)
            if len(commits) > 1 and commits[1].commit_id == newest:
                return request.git_reference
    return None


def _check_size(repo: str, files: Mapping[str, int]) -> None:
    size = sum(n for name, n in files.items() if any(fnmatch(name, pattern) for pattern in _wanted(files)))
    if size > allowed.NOW.fetched_bytes:
        most = allowed.NOW.fetched_bytes / 1e9
        raise ModelError(
            told("{repo} has {size:.1f} GB; at most {most:.0f} GB are fetched here.", repo=repo, size=size / 1e9, most=most),
            told("Choose a smaller model."),
        )
    cache = Path(constants.HF_HUB_CACHE)
    there = next(folder for folder in (cache, *cache.parents) if folder.is_dir())
    if size > (free := shutil.disk_usage(there).free):
        problem = told("{repo} has {size:.1f} GB, and the disk has room for {free:.1f} GB.", repo=repo, size=size / 1e9, free=free / 1e9)
        raise ModelError(problem, told("Free some space, or set HF_HOME to another disk."))


def _top_level(api: HfApi, repo: str, revision: str | None) -> dict[str, int]:
    """Names of files and their sizes in bytes."""
    # model_info asks once, with a time limit; listing the tree would retry for half a minute where there is no network.
    siblings = api.model_info(repo, revision=revision, files_metadata=True, timeout=10).siblings or []
    return {file.rfilename: file.size or 0 for file in siblings if "/" not in file.rfilename}


def _wanted(files: Iterable[str]) -> list[str]:
    standard = [f for f in files if any(fnmatch(f, pattern) for pattern in _WEIGHTS)]
    return _SMALL + (standard or ["*.safetensors"])


def _reporting(repo: str, progress: Progress | None) -> type[tqdm]:
    class Reporting(tqdm):
        def __init__(self, *args: object, **kwargs: object) -> None:
            # The console stays silent: the progress goes to the page or to the command line's own bar.
            kwargs["disable"] = False
            kwargs["file"] = _Nowhere()
            kwargs.pop("name", None)
            super().__init__(*args, **kwargs)

        def update(self, n: float | None = 1) -> bool | None:
            shown = super().update(n)
            if progress and self.unit == "B" and self.total:
                done = told("{repo}: {done:.0f} of {total:.0f} MB", repo=repo, done=self.n / 1e6, total=self.total / 1e6)
                progress(done, min(1.0, self.n / self.total))
            return shown

    return Reporting


class _Nowhere:
    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None: ...


def explained(name: str, error: Exception, kind: str = "model", other: str = _OTHER) -> ModelError:
    """An error of the hub in a viewer's words.

    Args:
        name: hub id that was asked for.
        error: what the hub's client raised.
        kind: what was asked for, "model" or "data set".
        other: advice where the hub itself is of no help.
    """
    # Order matters: several of the hub's errors inherit from one another.
    if isinstance(error, GatedRepoError):
        return ModelError(
            told("{name} is gated: its owner lets in only who has asked.", name=name),
            told("Accept its terms on the hub, run `hf auth login`, and open it again."),
        )
    if isinstance(error, RepositoryNotFoundError):
        return ModelError(
            told("The hub knows no {kind} {name}, or it is private.", kind=kind, name=name), told("Check the spelling: {form}.", form=_id(kind))
        )
    if isinstance(error, RevisionNotFoundError):
        return _no_revision(name)
    if isinstance(error, HFValidationError):
        return ModelError(told("{name!r} is neither a folder nor a hub id.", name=name), told("A hub id reads {form}.", form=_id(kind)))
    if isinstance(error, HfHubHTTPError) and error.response is not None and error.response.status_code < 500:
        return ModelError(told("The hub refused {name} (HTTP {status_code}).", name=name, status_code=error.response.status_code), other)
    if isinstance(error, OfflineModeIsEnabled | IncompleteSnapshotError | LocalEntryNotFoundError | HfHubHTTPError):
        return ModelError(told("The Hugging Face hub cannot be reached, and {name} is not on this machine.", name=name), other)
    if atomic.is_full(error):
        return ModelError(told("The disk is full; {name} was not fetched.", name=name), told("Free some space, or set HF_HOME to another disk."))
    if atomic.is_forbidden(error):
        return ModelError(
            told("The folder of models from the hub may not be written to; {name} was not fetched.", name=name),
            told("Set HF_HOME to a folder that this user may write to."),
        )
    if _network(error):
        return ModelError(told("The Hugging Face hub cannot be reached, and {name} is not on this machine.", name=name), other)
    return ModelError(told("{name} could not be fetched: {error}.", name=name, error=error), other)


def _no_revision(name: str) -> ModelError:
    return ModelError(told("{name} has no such revision.", name=name), told("Leave out what follows the @."))


def _id(kind: str) -> str:
    return "owner/model" if kind == "model" else "owner/name"


def _network(error: BaseException | None) -> bool:
    # The hub's client changed its HTTP library before; names outlive classes.
    while error is not None:
        if isinstance(error, ConnectionError | TimeoutError) or type(error).__name__ in {
            *("ConnectError", "ConnectTimeout", "ReadTimeout", "ReadError", "ProxyError", "NetworkError"),
            *("RemoteProtocolError", "TransportError", "SSLError", "gaierror"),
        }:
            return True
        error = error.__cause__ or error.__context__
    return False
