"""Atlas, of a file that is given in a browser: nobody touches the page, and its heads are drawn again as more of the file is read."""

import re

import pytest

from tests.browser.waiting import eventually

READ = re.compile(r"([\d,]+) of ([\d,]+) texts are read")


@pytest.mark.thorough
def test_heads_come_while_the_file_is_read(open_page, tmp_path):
    file = tmp_path / "long.txt"
    file.write_text("".join(f"A sentence with the number {i}, that {'really ' * (i % 5)}is read by a small model.\n" for i in range(12_000)))
    page = open_page("/atlas?model=gpt2-mini&atlas_of=file&atlas_tokens=200000", wait_for="[data-testid=stFileUploader]")
    page.locator("input[type=file]").set_input_files(file)
    points = page.locator(".st-key-atlas_all svg.marks .mark-symbol path")

    def read() -> int:
        found = READ.search(page.locator("body").inner_text())
        return int(found[1].replace(",", "")) if found else 0

    eventually(points.count, lambda n: n >= 48)
    first = read()
    assert first > 0
    eventually(read, lambda n: n > first)
    page.locator("[class*=st-key-stop_job_] button").first.click()
    page.get_by_text("Stopped: Reading long.txt with gpt2-mini").wait_for()
    stopped = read()
    assert stopped > first and points.count() >= 48
    page.get_by_role("button", name="Go on").click()
    # It goes on where it was.
    seen = []
    eventually(lambda: seen.append(read()) or seen[-1], lambda n: n > stopped)
    assert min(seen) == stopped
