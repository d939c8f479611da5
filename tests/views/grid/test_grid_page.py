"""The grid on a page: what is drawn, marked and decided there."""

from __future__ import annotations

from tests.views.grid.conftest import GridSession
from tests.views.shots import shoot

HOSTILE = "<img src=x onerror=alert(1)>\u202e\n${7*7}"


def test_it_shows_the_pool_tile_by_tile_with_labels_and_guesses(bench, session):
    session.train()
    session.label("img_0", "crack")
    session.asked = {"img_2"}
    bench.start(session)
    bench.filled()
    assert bench.page.inner_text(".spin-grid .spin-title") == "The whole pool: 60 items"
    assert bench.tile(0).get_attribute("aria-label") == "img_0: crack"
    assert "the model says" in bench.tile(1).get_attribute("aria-label")
    assert bench.tile(2).get_attribute("aria-label") == "img_2: being asked"
    assert bench.tile(3).locator("canvas").count() == 1
    bench.tile(3).hover()
    bench.until("root.querySelector('.spin-grid-item .spin-title')?.textContent === 'img_3'")
    assert bench.page.locator(".spin-grid-item .spin-bar").count() == 3
    bench.tile(2).hover()
    bench.until("root.querySelector('.spin-grid-item .spin-title')?.textContent === 'img_2'")
    assert bench.page.locator(".spin-grid-item .spin-bar").count() == 0
    shoot(bench.page, "grid")


def test_marked_three_and_label_the_rest_by_one_key_then_undo(bench, session):
    session.selected = session.pool.ids[:20]
    bench.start(session)
    bench.filled()
    assert bench.page.inner_text(".spin-grid .spin-title") == "20 of 60 items, selected"
    for place in (1, 4, 5):
        bench.tile(place).click()
    bench.until("root.dataset.marked === '3'")
    shoot(bench.page, "grid-marked")
    bench.keys("2")
    bench.notice("Labelled 17 items as crack.")
    assert set(session.gestures[0]) == set(session.pool.ids[:20]) - {"img_1", "img_4", "img_5"}
    bench.push()
    bench.until("root.querySelector('[data-at=\"0\"] .spin-tile-words').textContent === 'crack'")
    bench.keys("Control+z")
    bench.notice("Took back 17 items.")
    assert session.gestures == []
    bench.keys("Control+Shift+z")
    bench.notice("Brought back 17 items.")
    assert len(session.gestures) == 1


def test_keyboard_alone_moves_marks_and_decides(bench, session):
    bench.start(session)
    bench.filled()
    columns = bench.page.evaluate(
        "Number(getComputedStyle(document.querySelector('.spin-grid-scroll')).getPropertyValue('--spin-columns'))"
    )
    bench.keys("ArrowDown", "ArrowRight", "Space")
    active = bench.page.get_attribute(".spin-grid-scroll", "aria-activedescendant")
    assert active.endswith(f"-{columns + 1}")
    assert bench.tile(columns + 1).get_attribute("aria-selected") == "true"
    bench.keys("Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowLeft")
    bench.until("root.dataset.marked === '2'")
    bench.keys("1")
    bench.notice("Labelled 2 items as ok.")
    assert set(session.gestures[0]) == {f"img_{columns + 1}", f"img_{columns + 2}"}
    bench.until("root.dataset.marked === '0'")
    bench.keys("1")
    bench.notice("Nothing is marked.")
    bench.keys("Control+a")
    bench.until("root.dataset.marked === '60'")
    bench.keys("Escape")
    bench.until("root.dataset.marked === '0'")
    bench.keys("Space", "/", "f")
    bench.notice("Flagged 59 items.")


def test_more_like_this_by_pointer_and_by_key_and_back(bench, session):
    bench.start(session)
    bench.filled()
    bench.tile(3).hover()
    bench.tile(3).locator(".spin-tile-more").click()
    bench.until("root.querySelector('.spin-title').textContent === '48 of 60 items, similar to img_3'")
    assert bench.page.get_attribute(".spin-grid", "data-marked") == "0"
    bench.filled()
    shoot(bench.page, "grid-similar")
    bench.keys("ArrowRight", "=")
    bench.until("root.querySelector('.spin-title').textContent.endsWith('similar to img_5')")
    bench.keys("-")
    bench.until("root.querySelector('.spin-title').textContent.endsWith('similar to img_3')")
    bench.page.get_by_role("button", name="Back to the whole pool").click()
    bench.until("root.querySelector('.spin-title').textContent === 'The whole pool: 60 items'")
    bench.until("root.querySelector('.spin-grid-back').hidden")
    bench.filled()
    bench.tile(7).hover()
    bench.page.get_by_role("button", name="more like img_7").click()
    bench.until("root.querySelector('.spin-title').textContent.endsWith('similar to img_7')")


def test_a_tag_by_keyboard_alone_is_text_on_the_tile(bench, session):
    bench.start(session)
    bench.filled()
    bench.keys("Space", "#")
    tag = "<b>night</b>"
    bench.page.keyboard.type(tag)
    bench.page.keyboard.press("Enter")
    bench.notice("Tagged 1 item: <b>night</b>.")
    assert session.tagged == {tag: {"img_0"}}
    bench.until("root.querySelector('[data-at=\"0\"] .spin-tile-tags').textContent === '#<b>night</b>'")
    assert bench.tile(0).get_attribute("aria-label").endswith("tagged <b>night</b>")
    bench.push()
    bench.until("root.querySelector('datalist option').value === '<b>night</b>'")
    shoot(bench.page, "grid-tagged")
    bench.page.get_by_role("button", name="Untag").click()
    bench.notice("Untagged 1 item")
    assert session.tagged == {tag: set()}


def test_shift_click_marks_a_run_and_a_drag_what_it_touches(bench, session):
    bench.start(session)
    bench.filled()
    bench.tile(2).click()
    bench.tile(6).click(modifiers=["Shift"])
    bench.until("root.dataset.marked === '5'")
    bench.tile(4).click(modifiers=["Control"])
    bench.until("root.dataset.marked === '4'")
    bench.page.click("text=Mark none")
    first, last = bench.tile(0).bounding_box(), bench.tile(1).bounding_box()
    bench.page.mouse.move(first["x"] + 20, first["y"] + 20)
    bench.page.mouse.down()
    bench.page.mouse.move(last["x"] + 20, last["y"] + 30, steps=4)
    bench.page.mouse.up()
    bench.until("root.dataset.marked === '2'")
    assert bench.page.locator(".spin-grid-rubber").count() == 0
    bench.tile(0).click()
    bench.until("root.dataset.marked === '1'")


def test_a_tap_marks(browser, session):
    from tests.views.grid.conftest import GridPage

    context = browser.new_context(viewport={"width": 390, "height": 780}, has_touch=True)
    bench = GridPage(context.new_page())
    bench.start(session, 374)
    bench.filled()
    bench.tile(1).tap()
    bench.tile(2).tap()
    bench.until("root.dataset.marked === '2'")
    assert bench.page.evaluate("document.documentElement.scrollWidth <= 390")
    shoot(bench.page, "grid-phone")
    context.close()
    assert bench.errors == []


def test_sorting_keeps_the_marks_with_their_items(bench, session):
    session.train()
    bench.start(session)
    bench.filled()
    bench.tile(0).click()
    bench.page.select_option(".spin-grid-sort", "column:width")
    bench.until("root.querySelector('.spin-grid-sort').value === 'column:width'")
    order = session.pool.columns["width"].to_numpy().argsort()
    bench.until(
        f"root.querySelector('[data-at=\"0\"]').getAttribute('aria-label').startsWith('img_{order[0]}:')"
    )
    bench.filled()
    assert bench.page.get_attribute(".spin-grid", "data-marked") == "1"
    bench.page.click("text=Select on map")
    bench.notice("1 item selected on the map.")
    assert session.selected == ["img_0"]
    assert bench.grid.is_whole_pool, "the marks went to the map; the grid stays"


def test_a_million_items_scroll_and_few_tiles_exist(bench):
    session = GridSession(
        1_000_000, card=lambda row: ({"mime": "text/plain", "data": f"text {row}", "buffers": []}, [])
    )
    bench.start(session)
    bench.filled()
    list_ = "document.querySelector('.spin-grid-scroll')"
    assert bench.page.evaluate(f"{list_}.scrollHeight") <= 8_000_100
    bench.keys("End")
    bench.until("root.querySelector('[data-at=\"999999\"]')?.textContent.includes('text 999999')")
    bench.page.evaluate(f"{list_}.scrollTop = {list_}.scrollHeight / 2")
    bench.until("Math.abs(Number(root.querySelector('.spin-tile').dataset.at) - 500000) < 2000")
    bench.filled()
    assert bench.page.locator(".spin-tile").count() < 400
    before = bench.page.evaluate("Number(document.querySelector('.spin-tile').dataset.at)")
    bench.page.hover(".spin-grid-scroll")
    bench.page.mouse.wheel(0, 162 * 4)  # four rows
    columns = bench.page.evaluate(f"Number(getComputedStyle({list_}).getPropertyValue('--spin-columns'))")
    bench.until(
        f"Math.abs(Number(root.querySelector('.spin-tile').dataset.at) - {before + 4 * columns}) <= 2 * {columns}"
    )
    bench.keys("Control+a", "f")
    bench.notice("That is 1,000,000 items. Press again")
    assert session.gestures == []


def test_what_cannot_be_shown_says_why_and_names_stay_text(bench):
    def card(row):
        if row == 0:
            return {"broken": f"gone {HOSTILE}"}, []
        if row == 1:
            return {"mime": "image/png", "buffers": [0]}, [b"no picture"]
        if row == 2:
            return {"mime": "application/json", "data": {HOSTILE: HOSTILE}, "buffers": []}, []
        return {"mime": "text/plain", "data": HOSTILE, "buffers": []}, []

    session = GridSession(8, classes=[HOSTILE, "ok"], card=card)
    session.pool.ids[:] = [f"{HOSTILE}{i}" for i in range(8)]
    rows = {id: row for row, id in enumerate(session.pool.ids)}
    session.pool.row, session.pool.has = rows.__getitem__, rows.__contains__
    session.pool.columns = session.pool.columns.rename({"width": HOSTILE})
    session.train()
    bench.start(session)
    bench.filled()
    assert "This item cannot be shown: gone <img" in bench.tile(0).inner_text()
    assert "no picture" in bench.tile(1).inner_text()
    assert HOSTILE.split("\n")[0] in bench.tile(3).text_content()
    bench.tile(3).click()
    bench.keys("1")
    bench.notice("Labelled 1 item as <img")
    bench.push()
    bench.until("root.querySelector('[data-at=\"3\"]').dataset.tone === 'label'")
    assert bench.page.locator(".spin-grid img").count() == 0
    shoot(bench.page, "grid-hostile")


def test_a_read_only_project_says_so_and_errors_are_words(bench, session):
    session.read_only = True
    bench.start(session)
    bench.filled()
    bench.tile(0).click()
    bench.keys("1")
    bench.notice("read-only: nothing can be saved")
    assert session.gestures == []
    session.read_only = False
    bench.start(session)
    bench.filled()
    bench.keys("u")
    bench.notice("'ada' has nothing to undo. Label something first.")


def test_large_tiles_and_texts_fill_their_tiles(bench, session):
    session.train()
    grid = bench.start(session)
    grid.tile = "large"
    bench.push()
    bench.filled()
    shoot(bench.page, "grid-large")
    bench.start(
        GridSession(
            40, card=lambda row: ({"mime": "text/plain", "data": f"text {row} " * 30, "buffers": []}, [])
        )
    )
    bench.filled()
    shoot(bench.page, "grid-text")
