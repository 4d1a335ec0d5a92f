"""Two servers behind a proxy: what an address names is shown by both, and when one is killed its viewers go on with the other one."""

import os
import shutil
import signal
import socket
from contextlib import ExitStack

import psutil
import pytest
from playwright.sync_api import expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from scripts.serve import serve
from tests.browser import proxies
from tests.browser.conftest import ONE_THREAD
from tests.browser.waiting import eventually, settled

PANEL = ".st-key-head_panel"
VIEW = "/?text=Seven+green+apples+fell.&layer=2&head=3"
SECRET = {"STREAMLIT_SERVER_COOKIE_SECRET": "the same on both servers"}
_STATES = """() => {
  const app = document.querySelector('[data-testid=stApp]'), states = window.states = [];
  new MutationObserver(() => states.push(app.dataset.testScriptState)).observe(app, {attributeFilter: ['data-test-script-state']});
}"""


class Two:
    """Two public servers that agree on their secret, and a proxy in front of them."""

    def __init__(self, of: str, stack: ExitStack) -> None:
        self.servers = [stack.enter_context(serve(timeout=180, environment=ONE_THREAD | SECRET, public=True)) for _ in range(2)]
        self.own = stack.enter_context(proxies.Proxy(self.servers)) if of == "own" else None
        self.url = self.own.url if self.own else stack.enter_context(proxies.documented(of, self.servers))

    def used(self) -> list[int]:
        """Numbers of the servers that have a tab open."""
        ports = [int(server.rpartition(":")[2]) for server in self.servers]
        return [i for i, port in enumerate(ports) if (process := _process(port)) and _tabs(process, port)]

    def kill(self, number: int) -> None:
        process = _process(int(self.servers[number].rpartition(":")[2]))
        os.kill(process.pid, signal.SIGKILL)


def _process(port: int) -> psutil.Process | None:
    """Ours that listens to this port."""
    for child in psutil.Process().children():
        if child.status() != psutil.STATUS_ZOMBIE and str(port) in child.cmdline():
            return child
    return None


def _tabs(process: psutil.Process, port: int) -> int:
    """Websockets that stay open: a browser's other connections to a server end with what they asked for."""
    return sum(one.status == psutil.CONN_ESTABLISHED and one.laddr.port == port for one in process.net_connections("tcp"))


@pytest.fixture
def two(request):
    of = getattr(request, "param", "own")
    if of != "own" and shutil.which(of) is None:
        pytest.skip(f"{of} is not on this machine")
    with ExitStack() as stack:
        yield Two(of, stack)


@pytest.fixture
def app_url(two):
    return two.url


def drawn(page) -> list[str]:
    """What each mark of the head's picture says."""
    return page.locator(f"{PANEL} svg.marks [aria-label]").evaluate_all("marks => marks.map(mark => mark.getAttribute('aria-label'))")


def shown(page, words: str) -> None:
    page.locator(PANEL).get_by_text(words).first.wait_for()


def click_head(page, layer: int, head: int) -> None:
    page.locator(".st-key-head_grid [data-testid=stVegaLiteChart] image").nth(layer * 14 + head).click(force=True)


def killed(page, two: Two) -> None:
    """Kills the server that the page is connected to, and waits until the other one has drawn it."""
    (first,) = two.used()
    page.evaluate(_STATES)
    two.kill(first)
    eventually(two.used, [1 - first])
    eventually(lambda: page.evaluate("window.states.join()"), lambda states: states.endswith("running,notRunning"))
    settled(page)


@pytest.mark.parametrize("two", ["own", "nginx", "caddy"], indirect=True)
def test_both_show_what_an_address_names_and_one_goes_on_where_the_other_was_killed(open_page, two):
    page = open_page(VIEW)
    shown(page, "Layer 2, head 3")
    click_head(page, 4, 1)
    shown(page, "Layer 4, head 1")
    eventually(lambda: page.evaluate("location.search"), lambda search: "layer=4&head=1" in search)
    settled(page)
    (first,) = eventually(two.used, lambda used: len(used) == 1)
    before, address = drawn(page), page.evaluate("location.pathname + location.search")
    assert len(before) > 36

    # The address alone, on the other server.
    other = page.context.new_page()
    other.goto(two.servers[1 - first] + address)
    shown(other, "Layer 4, head 1")
    settled(other)
    assert drawn(other) == before
    expect(other.get_by_label("Text", exact=True)).to_have_value("Seven green apples fell.")
    other.close()
    eventually(two.used, [first])

    # Sticky: the page loaded again comes from the same server.
    page.reload()
    shown(page, "Layer 4, head 1")
    settled(page)
    eventually(two.used, [first])

    killed(page, two)
    assert page.evaluate("location.pathname + location.search") == address
    click_head(page, 5, 2)
    shown(page, "Layer 5, head 2")
    page.go_back()
    shown(page, "Layer 4, head 1")
    settled(page)
    assert drawn(page) == before
    expect(page.get_by_label("Text", exact=True)).to_have_value("Seven green apples fell.")
    page.reload()
    shown(page, "Layer 4, head 1")


def test_a_file_that_was_given_is_asked_for_by_the_other_server_and_taken_there(open_page, two):
    page = open_page("/prune?source=file&limit=24&colour=none", wait_for="[data-testid=stFileUploader]")
    effect = page.locator(".st-key-effect").get_by_text("of 3 examples")
    give(page)
    effect.wait_for()
    killed(page, two)
    # It went with its server: the field is there again, and takes it.
    page.locator("[data-testid=stFileUploader]").wait_for()
    expect(page.get_by_text("film.tsv")).to_have_count(0)
    give(page)
    page.get_by_text("film.tsv").first.wait_for()
    effect.wait_for()


def give(page) -> None:
    words = "label\tsentence\n1\tIt was a joy.\n0\tIt was dull.\n1\tA great film.\n"
    field = page.locator("[data-testid=stFileUploader] input[type=file]")
    field.set_input_files({"name": "film.tsv", "mimeType": "text/csv", "buffer": words.encode()})


def test_a_computation_that_was_under_way_begins_again_on_the_other_server(open_page, two):
    page = open_page("/importance?limit=16&orders=random", wait_for=".st-key-curves [data-testid=stProgress]", at_rest=False)
    (first,) = two.used()
    two.kill(first)
    eventually(two.used, [1 - first])
    page.locator(".st-key-curves [data-testid=stProgress]").first.wait_for()
    expect(page.locator(".st-key-curves .mark-symbol.role-mark path")).to_have_count(21)
    eventually(lambda: page.evaluate("location.search"), lambda search: "limit=16" in search and "orders=random" in search)


def test_a_text_too_long_for_an_address_is_asked_for_by_the_other_server(open_page, two):
    page = open_page(VIEW)
    field, long = page.get_by_label("Text", exact=True), "Seven green apples fell. " * 200
    field.fill(long)
    field.press("Enter")
    eventually(lambda: page.evaluate("location.search"), lambda search: "of=" in search)
    settled(page)
    killed(page, two)
    page.get_by_text("give it again").first.wait_for()
    field.fill("Here it is.")
    field.press("Enter")
    expect(page.get_by_text("give it again")).to_have_count(0)


@pytest.mark.parametrize("two", ["own", "nginx"], indirect=True)
def test_a_websocket_of_the_name_that_the_proxy_has_is_taken_and_of_another_site_is_not(two):
    port = int(two.url.rpartition(":")[2])

    def joined(origin: str) -> None:
        there = socket.create_connection(("127.0.0.1", port))
        with connect("ws://attention.example.org/_stcore/stream", sock=there, origin=origin, subprotocols=["streamlit"]):
            pass

    joined("https://attention.example.org")
    with pytest.raises(InvalidStatus):
        joined("https://other.example.org")
