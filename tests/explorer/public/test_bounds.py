"""A stranger's share of a machine."""

import threading
import time
from dataclasses import replace

import pytest
from huggingface_hub import constants

from explorer import bearing, limits
from explorer.jobs import DONE, FAILED, Jobs, Viewer
from explorer.public import bounds
from models import InputError, load
from models.errors import ModelError
from models.opening import allowed, catalogue
from models.toy.config import ToyConfig
from models.training import settings


@pytest.fixture(autouse=True)
def public(monkeypatch):
    """A public process for the length of a test."""
    monkeypatch.setattr(allowed, "NOW", replace(allowed.NOW))
    monkeypatch.setattr(limits, "NOW", replace(limits.NOW))
    monkeypatch.setattr(settings, "MOST", replace(settings.MOST))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_IMPLICIT_TOKEN", constants.HF_HUB_DISABLE_IMPLICIT_TOKEN)
    bounds.begin(["someone/allowed", "someone/fixed@v1.0"])


def test_only_models_of_the_list_are_opened(tmp_path, tiny):
    folder = str(tmp_path)
    for name in (
        "someone/else",
        folder,
        "../..",
        "~root",
        "someone/allowed-not",
        "gpt2@refs/pr/1",
        "openai-community/gpt2@refs/pr/1",
        "someone/fixed",
    ):
        with pytest.raises(ModelError, match="not among the models"):
            load(name, device="cpu")
    assert load("bert-mini", device="cpu").name == "bert-mini"
    assert {"someone/allowed", "someone/fixed@v1.0", *(entry.name for entry in catalogue.CATALOGUE)} == allowed.NOW.names
    # The hub is asked for those, and has no network here: no word of the list.
    with pytest.raises(ModelError) as refused:
        load("someone/allowed", device="cpu")
    assert "not among" not in str(refused.value)
    with pytest.raises(ModelError) as refused:
        load("someone/fixed@v1.0", device="cpu")
    assert "not among" not in str(refused.value)
    assert constants.HF_HUB_DISABLE_IMPLICIT_TOKEN


def test_a_viewer_has_so_many_jobs_and_another_viewer_has_her_own():
    pool, go = Jobs(1), threading.Event()
    try:
        mine = [pool.start(i, f"job {i}", lambda report: go.wait(60), Viewer("me")) for i in range(bounds.JOBS)]
        with pytest.raises(InputError, match="are under way"):
            pool.start("more", "one more", lambda report: 1, Viewer("me"))
        # What is there already is no further one.
        assert pool.start(0, "job 0", lambda report: 1, Viewer("me")) is mine[0]
        other = pool.start("hers", "hers", lambda report: 1, Viewer("she"))
        go.set()
        assert other.wait(60) and all(job.wait(60) for job in mine)
        assert pool.start("more", "one more", lambda report: 1, Viewer("me")).wait(60)
    finally:
        go.set()
        pool.close(5)


def test_a_job_that_takes_too_long_is_ended_in_words():
    assert limits.NOW.job_seconds == bounds.JOB_SECONDS
    pool, caught = Jobs(1), []
    try:
        limits.NOW.job_seconds = 0.1

        def work(report):
            for i in range(1000):
                report(i / 1000)
                time.sleep(0.02)
            caught.append("all of it")

        job = pool.start("long", "Curve", work, Viewer("me"))
        assert job.wait(60) and job.state == FAILED and "the most that this server gives" in str(job.error) and not caught
        limits.NOW.job_seconds = 60
        short = pool.start("short", "Curve", lambda report: report(0.5) or 1, Viewer("me"))
        assert short.wait(60) and short.state == DONE
    finally:
        pool.close(5)


def test_a_text_is_shorter_than_at_home(monkeypatch, bert):
    here = bearing.longest(bert)
    assert bearing.most_bytes() == bounds.TEXT_BYTES and bearing.work_of(bert, here) <= bounds.TEXT_WORK
    with pytest.raises(InputError, match="tokens"):
        bearing.check(bert, here + 1)
    monkeypatch.setattr(limits, "NOW", limits.Limits())
    bearing.check(bert, here + 1)


def test_a_training_is_smaller_than_at_home(monkeypatch):
    config = ToyConfig(vocab_size=64, max_length=64, layers=4, heads=4, d_model=128)
    long = settings.Settings(steps=20_000, batch=64)
    with pytest.raises(InputError, match="multiply-adds"):
        settings.limits(config, long)
    monkeypatch.setattr(settings, "MOST", settings.Most())
    settings.limits(config, long)
