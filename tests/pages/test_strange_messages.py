"""What no browser sends: messages in another order, cut off, of another version, for widgets that are not there. The server stays up."""

import asyncio
import random
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from benchmarks.viewer import Viewer
from scripts.serve import serve

TEXT = "The carpenter who lived near the river bought a small green mountain because it was cheap."


def _rerun(**fields: object) -> BackMsg:
    message = BackMsg()
    message.rerun_script.query_string = "layer=1&head=2"
    for name, value in fields.items():
        setattr(message.rerun_script, name, value)
    return message


def strange() -> list[bytes]:
    """Valid ones out of order, then each of them cut off, and each with bytes of a field that nobody knows."""
    stop, clear, pause, heartbeat = BackMsg(stop_script=True), BackMsg(clear_cache=True), BackMsg(debug_shutdown_runtime=False), BackMsg()
    heartbeat.app_heartbeat = True
    widget = _rerun()
    widget.rerun_script.widget_states.widgets.add(id="$$ID-of-nothing-None", trigger_value=True)
    text = _rerun()
    text.rerun_script.widget_states.widgets.add(id="$$ID-of-nothing-text", string_value="\u202e" * 1000)
    twice = _rerun()
    for _time in range(2):
        twice.rerun_script.widget_states.widgets.add(id="$$ID-twice-twice", int_value=2**62)
    valid = [
        stop,  # before anything runs
        _rerun(fragment_id="no such fragment", is_auto_rerun=True),
        _rerun(page_script_hash="0" * 32),
        _rerun(page_name="../../etc/passwd"),
        _rerun(query_string="layer=-1&layer=2&head=%00&text=%ff&%"),
        widget,
        text,
        twice,
        clear,
        heartbeat,
        pause,
        BackMsg(),
        stop,
        stop,
    ]
    made = [message.SerializeToString() for message in valid]
    cut = [raw[: max(1, len(raw) // 2)] for raw in made if raw]
    unknown = [raw + b"\xfa\x7f\x03abc" for raw in made]
    chance = random.Random(0)
    return made + cut + unknown + [chance.randbytes(n) for n in (1, 10, 1000, 100_000)]


async def _send(url: str, messages: list[bytes]) -> int:
    """Sends them over sockets of the sender's own; how many were sent. The server may close a connection, which is opened again."""
    sent, at = 0, url.replace("http", "ws", 1) + "/_stcore/stream"
    while messages:
        async with connect(at, subprotocols=["streamlit"], max_size=None) as socket:
            try:
                while messages:
                    await socket.send(messages[0])
                    messages, sent = messages[1:], sent + 1
                await socket.send("words, where bytes belong")
                await asyncio.sleep(1)
            except ConnectionClosed:
                messages = messages[1:]
    return sent


async def _both(url: str) -> None:
    other, mine = Viewer(url, ["carpenter"]), Viewer(url)
    await other.join()
    await mine.join()
    await mine.ask({"text": TEXT})
    assert await mine.answered("mountain", 120) is not None
    messages = strange()
    assert await _send(url, messages) >= len(messages) // 2
    shuffled = random.Random(1).sample(messages, len(messages))
    await _send(url, shuffled)
    # Whoever looks meanwhile, and whoever comes then, is answered, and sees nothing that is not theirs.
    await mine.ask({"text": TEXT.replace("mountain", "umbrella")})
    assert await mine.answered("umbrella", 120) is not None
    await other.ask({"text": TEXT.replace("carpenter", "dentist")})
    assert await other.answered("mountain", 120) is not None
    assert not mine.errors and not other.errors and not other.seen
    await mine.leave()
    await other.leave()


@pytest.mark.parametrize("public", [pytest.param(False, marks=pytest.mark.thorough), True])
def test_strange_messages_harm_nobody(public):
    with serve(public=public) as url:
        # A browser test of the same process may leave a loop running in this thread.
        with ThreadPoolExecutor(1) as apart:
            apart.submit(asyncio.run, _both(url)).result()
        with urllib.request.urlopen(url + "/_stcore/health") as answer:
            assert answer.status == 200
