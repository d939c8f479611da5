"""Labels typed at ten a second while the wire to the kernel holds, breaks, or the whole server is gone.

What counts is what is on disk: every label that the page took, in the order in which it was typed, none twice.
One labeller behind a proxy serves all of it, one test after the other.
"""

from __future__ import annotations

import re
import sqlite3
import time
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import Lab
from tests.browser.proxy import Proxy

OPEN = """
import spin_nb as spin
s = spin.open("outage.spin", pool=spin.samples.digits())
"""
# What the labeller takes: the item on screen and the key, of every key that reaches it while an item is there.
LISTEN = """() => {
    const root = document.querySelector(".spin-labeller");
    const name = () => root.querySelector(".spin-name").textContent;
    window.taken = [];
    root.addEventListener("keydown", ({ key }) => name() && window.taken.push([name(), key]), true);
}"""
ON_SCREEN = "document.querySelector('.spin-labeller .spin-name').textContent"
FOCUSED = "document.querySelector('.spin-labeller').contains(document.activeElement)"
PACE = 0.1  # seconds between keys


class Typist:
    """Somebody who labels digits at ten a second, and stops only where no item is on screen."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.page = lab, lab.page
        self.project = lab.server.folder / "outage.spin" / "project.db"
        self.pressed = 0
        lab.write_notebook("outage.ipynb", [OPEN, "s.labeller"])
        lab.open_notebook("outage.ipynb")
        lab.run_all()
        self.view = lab.page.locator(".spin-labeller")
        self.page.wait_for_function(ON_SCREEN)
        self.page.evaluate(LISTEN)
        self.view.focus()

    def types(self, count: int) -> None:
        """Press so many keys, each when an item is on screen."""
        due = time.monotonic()
        for _ in range(count):
            if not self.page.evaluate(ON_SCREEN):
                self.page.wait_for_function(ON_SCREEN)
                due = time.monotonic()
            due = self._press(due)

    def types_what_is_there(self, most: int) -> int:
        """Press so many keys, or as many as there are items on the page where no more of them come; returns that."""
        due, before = time.monotonic(), self.pressed
        while self.pressed < before + most and self.page.evaluate(ON_SCREEN):
            due = self._press(due)
        return self.pressed - before

    def _press(self, due: float) -> float:
        self.page.keyboard.press("0123456789"[self.pressed % 10])
        self.pressed += 1
        due += PACE
        time.sleep(max(0.0, due - time.monotonic()))
        return due

    def rests(self) -> None:
        """Until all is saved and the next item is there."""
        self.stored()
        self.page.wait_for_function(ON_SCREEN)

    @property
    def taken(self) -> list[tuple[str, str]]:
        """(item, class) of every label that the page took, in order."""
        return [(item, key) for item, key in self.page.evaluate("window.taken")]

    def says(self, words: str) -> str:
        """The status line, once it holds these words."""
        line = self.view.locator(".spin-status", has_text=words)
        line.wait_for()
        return line.inner_text()

    def stored(self) -> list[tuple[str, str]]:
        """What is on disk once the page has nothing left to save."""
        pending = "document.querySelector('.spin-labeller').dataset.pending"
        self.page.wait_for_function(f"{pending} === '0'")
        return self.on_disk()

    def on_disk(self) -> list[tuple[str, str]]:
        """(item, class) of every label on disk, in order."""
        with sqlite3.connect(f"file:{self.project}?mode=ro", uri=True) as db:
            rows = db.execute("SELECT item, value FROM events WHERE kind = 'label' ORDER BY seq").fetchall()
        return [(item, value.strip('"')) for item, value in rows]


@pytest.fixture(scope="module")
def proxy(server):
    proxy = Proxy(urlsplit(server.url).port)
    yield proxy
    proxy.close()


@pytest.fixture(scope="module")
def typist(browser, server, proxy):
    """A labeller behind the proxy."""
    context = browser.new_context(viewport={"width": 1500, "height": 1000})
    page = context.new_page()
    yield Typist(Lab(page, replace(server, url=proxy.url)))
    context.close()


@pytest.fixture
def before(typist):
    """How many labels there were before the test."""
    return len(typist.taken)


def test_500_labels_at_ten_a_second_are_all_there_in_order(typist, before):
    began = time.monotonic()
    typist.types(500)
    print(f"500 labels in {time.monotonic() - began:.1f} s")
    assert len(typist.taken) == before + 500
    assert typist.stored() == typist.taken


def test_the_kernels_wire_is_cut_for_five_seconds_and_nothing_is_lost_or_doubled(typist, proxy, before):
    typist.types(50)
    typist.rests()
    proxy.cut_kernel()
    cut = time.monotonic()
    typed = typist.types_what_is_there(3)
    assert typed
    assert re.search(r"\d+ labels? kept here", typist.says("paused"))
    time.sleep(max(0.0, cut + 5 - time.monotonic()))
    proxy.mend_kernel()
    typist.types(97)
    typist.says("All saved")
    print(f"{proxy.refused} new connections were turned away")
    assert len(typist.taken) == before + 50 + typed + 97
    assert typist.stored() == typist.taken


def test_the_server_is_gone_for_a_while_and_the_labeller_goes_on_where_it_was(typist, proxy, before):
    page, dialog = typist.page, typist.page.locator(".jp-Dialog")
    typist.types(20)
    typist.rests()
    proxy.cut_kernel()
    assert typist.types_what_is_there(5)  # the dialog may come as soon as all is cut
    proxy.cut_all()
    cut = time.monotonic()
    typist.types_what_is_there(5)
    dialog.wait_for()
    print(f"JupyterLab took the focus {time.monotonic() - cut:.1f} s after the server had gone")
    assert "Server Connection Error" in dialog.inner_text()
    accepted = typist.taken
    assert len(accepted) > before + 20  # it went on until the dialog took the focus
    page.keyboard.press("7")
    assert typist.taken == accepted  # the keys are the dialog's
    kept = int(re.search(r"(\d+) labels? kept here", typist.says("paused"))[1])
    assert kept >= len(accepted) - len(typist.on_disk())  # more: stored, and the answer was lost on the way
    typist.lab.screenshot("outage")

    time.sleep(max(0.0, cut + 8 - time.monotonic()))
    proxy.mend_kernel()
    proxy.mend_all()
    dialog.get_by_role("button").last.click()
    page.wait_for_function(FOCUSED)  # JupyterLab gives the focus back to where it was
    typist.types(25)
    typist.says("All saved")
    print(f"all saved {time.monotonic() - cut - 8:.1f} s after the server was back")
    assert len(typist.taken) == len(accepted) + 25
    assert typist.stored() == typist.taken
