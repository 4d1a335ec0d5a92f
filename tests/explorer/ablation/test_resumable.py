"""Finished pieces of long work in a file: what a kill, a full disk or rubbish does to them."""

import errno

import pytest

from explorer.ablation.resumable import Resumable
from models.errors import WriteError


def test_finished_pieces_survive_a_full_disk_while_they_are_cleaned_up(tmp_path, monkeypatch):
    file = tmp_path / "pieces"
    kept = Resumable(file, {"a": 1})
    for key in range(5):
        kept.put("piece", key, [key] * 10)
    file.write_text(file.read_text() + '{"key": "piece 5", "pie')

    def full(self, text, **_how):
        with self.open("w") as stream:
            stream.write(text[:100])
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patched:
        patched.setattr(type(file), "write_text", full)
        with pytest.raises(WriteError):
            Resumable(file, {"a": 1})
    again = Resumable(file, {"a": 1})
    assert [again.get("piece", key) for key in range(6)] == [*([key] * 10 for key in range(5)), None]
    again.put("piece", 5, "new")
    assert len(Resumable(file, {"a": 1})) == 6


@pytest.mark.parametrize("junk", [b"\xff\xfe\x00", b"3\n4\n", b"[]\n{}\n", b'{"of": {"a": 1}}\n[]\n', b"null"])
def test_rubbish_in_the_place_of_finished_pieces_is_none(tmp_path, junk):
    file = tmp_path / "pieces"
    file.write_bytes(junk)
    kept = Resumable(file, {"a": 1})
    assert not len(kept)
    kept.put("piece", 1, "one")
    assert Resumable(file, {"a": 1}).get("piece", 1) == "one"
