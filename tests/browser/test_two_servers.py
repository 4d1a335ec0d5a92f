"""Two servers behind a proxy: what an address names is shown by both, and when one is killed its viewers go on with the other one."""

import os
import shutil
import signal
from contextlib import ExitStack

import psutil
import pytest
from playwright.sync_api import expect

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
