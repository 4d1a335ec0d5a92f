"""A server for strangers: its pages work under the policy that it sends with them."""

import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

from explorer.public.headers import HEADERS
from scripts.serve import serve
from tests.browser.conftest import ONE_THREAD
from tests.browser.test_stage import PAGES
from tests.browser.waiting import eventually, settled


@pytest.fixture(scope="module")
def app_url():
    with serve(timeout=180, environment=ONE_THREAD, public=True) as url:
        yield url


_WATCH = "addEventListener('securitypolicyviolation', event => (window.refused ??= []).push(event.violatedDirective + ' ' + event.blockedURI))"


def visited(open_page, browser, path: str):
    """A page with all that its policy has refused so far."""
    page = open_page(path, wait_for="[data-testid=stApp]", at_rest=False)
    page.context.add_init_script(_WATCH)
    page.reload()
    eventually(lambda: page.evaluate("window.__attentionExplorerBrowser?.watching"), True)
    settled(page)
    return page


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.every_run if name == "attention" else ()) for name in PAGES])
def test_a_page_asks_for_nothing_that_its_policy_refuses(open_page, browser, name):
    page = visited(open_page, browser, PAGES[name])
    assert page.locator("svg.marks, iframe, .course-contents, [class*=st-key-]").count()
    assert not page.evaluate("window.refused ?? []")


def test_both_views_of_bertviz_draw(open_page, browser):
    for view in ("model", "lines"):
        page = visited(open_page, browser, f"/?view={view}")
        frame = page.frame_locator("iframe[srcdoc], iframe").last
        expect(frame.locator("svg").first).to_be_visible()
        assert not page.evaluate("window.refused ?? []")


@pytest.mark.every_run
def test_answers_carry_the_headers_and_too_large_a_request_is_refused(app_url):
    with urllib.request.urlopen(app_url + "/_stcore/health") as answer:
        assert all(answer.headers[name] == value for name, value in HEADERS.items())
    request = urllib.request.Request(app_url + "/_stcore/upload_file/x/y", data=b"x", method="PUT", headers={"Content-Length": str(10**9)})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 413


@pytest.mark.every_run
def test_paths_and_models_that_are_not_on_the_list_are_refused_and_no_path_is_told(open_page, tmp_path):
    for name in (str(tmp_path), "someone/else"):
        page = open_page(f"/?model={name}", wait_for="[data-testid=stAlert]", at_rest=False)
        expect(page.locator("[data-testid=stAlert]").first).to_contain_text("not among the models of this server")
        assert "/site-packages/" not in page.locator("body").inner_text()
