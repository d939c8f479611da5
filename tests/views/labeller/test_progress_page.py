"""The train handle in a real browser."""

from __future__ import annotations

import pytest

from spin_nb.views.workbench.progress import Progress

pytestmark = pytest.mark.browser

DRAW = """async ([esm, traits]) => {
  const listeners = {};
  const messages = (window.messages = []);
  window.model = {
    get: (name) => traits[name],
    set: (more) => {
      Object.assign(traits, more);
      Object.keys(more).forEach((name) => (listeners[`change:${name}`] ?? []).forEach((f) => f()));
    },
    on: (name, f) => (listeners[name] ??= []).push(f),
    off: () => {},
    send: (content) => { if (window.gone) throw new Error("Cannot send"); messages.push(content); },
  };
  const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  (await import(url)).default.render({ model: window.model, el: document.body });
}"""


@pytest.fixture
def page(browser):
    page = browser.new_page()
    traits = {
        "title": "training",
        "status": "running",
        "message": "<b>fold</b> 2",
        "report": "",
        "fraction": 0.4,
    }
    page.add_style_tag(content=Progress._css)
    page.evaluate(DRAW, [Progress._esm, traits])
    yield page
    page.close()


def test_a_running_handle_shows_bar_words_and_button(page):
    assert page.get_by_role("progressbar", name="training").get_attribute("aria-valuenow") == "40"
    assert page.inner_text(".spin-words") == "<b>fold</b> 2"
    assert page.inner_text(".spin-percent") == "40 %"
    page.click("button")
    assert [m["verb"] for m in page.evaluate("window.messages")] == ["cancel"]
    assert page.get_by_role("button").is_disabled()


def test_a_finished_handle_shows_what_came_of_it(page):
    page.evaluate("window.model.set({ status: 'failed', report: '<i>NaN</i>\\n  -> look' })")
    assert page.inner_text(".spin-words") == "Failed"
    assert page.inner_text(".spin-report") == "<i>NaN</i>\n  -> look"
    assert not page.get_by_role("button").is_visible()
    assert not page.get_by_role("progressbar").is_visible()


def test_a_kernel_that_is_gone_is_named(page):
    page.evaluate("window.gone = true")
    page.click("button")
    page.wait_for_function(
        "document.querySelector('.spin-words').textContent.includes('kernel been restarted')"
    )
    assert page.get_by_role("button").is_enabled()
