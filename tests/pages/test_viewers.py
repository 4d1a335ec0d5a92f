"""Several viewers at once, with sessions of their own over the websocket of a running dashboard."""

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks import viewers


@pytest.mark.thorough
def test_each_viewer_sees_her_own_texts_alone_and_a_cold_model_is_opened_once():
    rows, _met = viewers.measured(number=3, seconds=4, every=2, together=3, sweep=False)
    found = {title: shown for title, shown, _goal, _verdict in rows}
    assert found["errors, unanswered changes"] == found["marks of others"] == "0"
    assert found["changes made"].startswith("6 of 6 due")
    assert found["3 ask for a cold model at once: opened"] == "1 times"


def test_a_mark_in_what_comes_is_found_wherever_it_stands():
    one, message = viewers.Viewer("http://127.0.0.1:1", {"mountain", "carpenter"}), ForwardMsg()
    message.delta.new_element.html.body = "themountainof"
    one._draw(message, message.SerializeToString())
    assert one.seen == {"mountain"}
