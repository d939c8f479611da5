"""What a person does at the labeller, in a real browser, with a kernel that can fail."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image

from spin_nb.tasks import Boxes, FreeText, Keypoints, MultiLabel, Number, Pairs, Polygons, Spans
from tests.waiting import rest, until

pytestmark = pytest.mark.browser


def test_a_key_labels_and_the_next_item_is_there(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.keys("1")
    bench.shows("img_1")
    bench.keys("3")
    bench.shows("img_2")
    bench.settled()
    assert disk.labels == {"img_0": "ok", "img_1": "dent"}
    assert [e["kind"] for e in disk.log] == ["shown", "label", "shown", "label", "shown"]
    first = disk.log[1]
    assert first["suggested"] == ["crack", 0.62]
    assert first["token"].startswith("img_0|")
    assert 0 <= first["shown_ms"] < 60_000


def test_a_prefetched_card_is_not_asked(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    rest(bench.page, 100)
    assert [e["id"] for e in disk.log] == ["img_0"]


def test_enter_accepts_the_suggestion(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.keys("Enter")
    bench.settled()
    assert disk.labels == {"img_0": "crack"}
    assert disk.log[1]["suggested"] == ["crack", 0.62]


def test_enter_does_nothing_without_a_suggestion(bench, session, disk):
    session.suggestion = None
    bench.start(session)
    bench.shows("img_0")
    bench.keys("Enter")
    assert bench.text(".spin-name") == "img_0"
    assert disk.labels == {}


def test_an_enter_that_cannot_submit_says_why_on_screen(bench, new_session, disk):
    from spin_nb.tasks import Keypoints

    bench.start(new_session(task=Keypoints(["nose", "tail"])))
    bench.shows("img_0")
    bench.keys("Enter")
    bench.until("root.querySelector('.spin-why').textContent.includes('next: nose')")
    assert bench.page.locator(".spin-why").is_visible()
    bench.keys("x", "x")
    bench.until("!root.querySelector('.spin-why')")
    bench.keys("Enter")
    bench.shows("img_1")
    bench.settled()
    assert disk.labels == {"img_0": {"nose": None, "tail": None}}


def test_skip_unsure_flag(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.keys("Space", ";", "f", "0")
    bench.shows("img_4")
    bench.settled()
    assert [(e["id"], e["kind"]) for e in disk.decisions] == [
        ("img_0", "skip"), ("img_1", "unsure"), ("img_2", "flag"), ("img_3", "skip"),
    ]  # fmt: skip


def test_undo_shows_the_item_again_and_redo_brings_the_label_back(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.keys("1", "2", "u")
    bench.shows("img_1")
    bench.settled()
    assert disk.labels == {"img_0": "ok"}
    bench.keys("y")
    bench.shows("img_2")
    bench.settled()
    assert disk.labels == {"img_0": "ok", "img_1": "crack"}
    bench.keys("Backspace", "Control+z")
    bench.shows("img_0")
    bench.keys("Control+Shift+z")
    bench.shows("img_1")
    bench.settled()
    assert disk.labels == {"img_0": "ok"}
    bench.keys("3", "y")
    bench.shows("img_2")
    bench.settled()
    assert disk.labels == {"img_0": "ok", "img_1": "dent"}


def label_in_another_cell(bench, session, disk, id, value):
    disk.log.append({"kind": "label", "id": id, "value": value})
    bench.replies = []
    session.events.labelled.emit((id,))
    bench.push()


def test_undo_brings_back_what_the_kernel_took_back(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.keys("1", "2")
    bench.settled()
    label_in_another_cell(bench, session, disk, "img_20", "dent")
    bench.keys("u")
    bench.shows("img_20")
    bench.settled()
    assert disk.labels == {"img_0": "ok", "img_1": "crack"}
    bench.until("root.querySelector('.spin-strip button').title.startsWith('img_1: crack')")
    bench.until("root.querySelector('.spin-was').textContent === ''")
    bench.keys("y")
    bench.settled()
    assert disk.labels == {"img_0": "ok", "img_1": "crack", "img_20": "dent"}
    bench.keys("u", "u")
    bench.shows("img_1")
    bench.settled()
    assert disk.labels == {"img_0": "ok"}


def test_undo_twice_at_once_after_a_label_elsewhere(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.keys("1", "2")
    bench.settled()
    label_in_another_cell(bench, session, disk, "img_20", "dent")
    bench.hold = True
    bench.keys("u", "u")
    bench.release()
    bench.settled()
    assert disk.labels == {"img_0": "ok"}
    bench.until("root.querySelectorAll('.spin-strip button').length === 1")
    bench.until("root.querySelector('.spin-count').textContent === '1 of 60 labelled'")


def test_redo_says_what_the_kernel_brought_back(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    label_in_another_cell(bench, session, disk, "img_20", "dent")
    bench.keys("1")
    bench.shows("img_1")
    bench.keys("u")
    bench.shows("img_0")
    bench.settled()
    disk.log.append({"kind": "undo"})  # a cell takes back its own label
    bench.replies = []
    session.events.labelled.emit(("img_20",))
    bench.push()
    bench.keys("y")
    bench.until("root.querySelector('.spin-sr').textContent.startsWith('Done again: dent, img_20.')")
    bench.shows("img_0")
    bench.settled()
    assert disk.labels == {"img_20": "dent"}
    bench.until("root.querySelectorAll('.spin-strip button').length === 1")
    bench.until("root.querySelector('.spin-strip button').title.startsWith('img_20: dent')")
    bench.keys("y")
    bench.settled()
    assert disk.labels == {"img_20": "dent", "img_0": "ok"}
    bench.until("root.querySelectorAll('.spin-strip button').length === 2")


def test_suggestions_that_come_later_reach_the_cards_that_are_held(bench, session, disk):
    session.suggestion = None
    bench.start(session)
    bench.shows("img_0")
    bench.until("root.querySelector('.spin-accept').disabled")
    session.suggestion = {"value": "dent", "p": 0.9}
    bench.replies = []
    session.events.suggested.emit(60)
    session.events.suggested.emit(60)
    bench.push()
    bench.until("!root.querySelector('.spin-accept').disabled")
    assert sum(m["verb"] == "suggestions" for m in bench.requests) == 1
    bench.keys("Enter", "Enter")
    bench.settled()
    assert disk.labels == {"img_0": "dent", "img_1": "dent"}
    assert [e["suggested"] for e in disk.decisions] == [["dent", 0.9]] * 2


def test_a_suggestion_that_comes_later_changes_nothing_that_is_being_edited(bench, new_session, disk):
    session = new_session(task=MultiLabel(["a", "b"]))
    bench.start(session)
    bench.shows("img_0")
    bench.keys("1")
    session.suggestion = {"value": ["b"], "p": 0.9}
    bench.replies = []
    session.events.suggested.emit(60)
    bench.push()
    until(lambda: [m for m in bench.requests if m["verb"] == "suggestions"], page=bench.page)
    rest(bench.page, 50)
    bench.keys("Enter", "Enter")
    bench.settled()
    assert disk.labels == {"img_0": ["a"], "img_1": ["b"]}
    assert [e["suggested"] for e in disk.decisions] == [None, [["b"], 0.9]]


BITMAPS = """(() => {
  window.pixels = 0;
  const make = window.createImageBitmap;
  window.createImageBitmap = async (...how) => {
    const bitmap = await make(...how);
    const { width, height } = bitmap;
    window.pixels += width * height;
    const close = bitmap.close.bind(bitmap);
    bitmap.close = () => {
      window.pixels -= bitmap.closed ? 0 : width * height;
      bitmap.closed = true;
      close();
    };
    return bitmap;
  };
})()"""


def test_pictures_that_were_decided_are_held_small(bench, new_session, disk):
    def photo(row: int) -> tuple[str, bytes]:
        buffer = io.BytesIO()
        Image.new("RGB", (800, 600), (row, 80, 80)).save(buffer, "JPEG")
        return "image/jpeg", buffer.getvalue()

    bench.page.add_init_script(BITMAPS)
    bench.start(new_session(shown=photo))
    bench.shows("img_0")
    for i in range(20):
        bench.shows(f"img_{i}")
        bench.page.wait_for_selector(".spin-frame canvas")
        bench.keys("1")
    bench.settled()
    bench.until("window.pixels <= 18 * 800 * 600")  # 16 in the queue, the last two decided
    bench.until("root.querySelectorAll('.spin-strip canvas').length === 8")
    widths = "[...root.querySelectorAll('.spin-strip canvas')].map((canvas) => canvas.width).join()"
    bench.until(f"{widths} === '{','.join(['148'] * 8)}'")
    bench.keys(*"uuuuu")  # a picture that was made small is whole again when it is back
    bench.shows("img_15")
    bench.until("root.querySelector('.spin-frame canvas')?.width === 800")
    bench.page.evaluate("() => window.dispose.forEach((end) => end())")
    bench.page.wait_for_function("window.pixels === 0")  # one that is still being decoded is let go then


def test_the_first_item_does_not_wait_for_the_whole_queue(bench, session):
    bench.start(session)
    bench.shows("img_0")
    bench.until("root.querySelector('.spin-frame canvas')")
    until(lambda: len([m for m in bench.requests if m["verb"] == "cards"]) > 1, page=bench.page)
    rest(bench.page, 100)
    assert [m["n"] for m in bench.requests if m["verb"] == "cards"] == [2, 16]
    assert session.drawn == 16


@pytest.mark.parametrize(
    ("mime", "data", "words"),
    [
        ("text/plain", "  ", "This text is empty."),
        ("application/json", {}, "This row is empty."),
        (
            "image/png",
            b"no picture",
            "This item cannot be shown: it is no picture that this browser can read.",
        ),
    ],
)
def test_an_item_that_shows_nothing_is_said_in_words(bench, new_session, mime, data, words):
    bench.start(new_session(shown=lambda row: (mime, data)))
    bench.shows("img_0")
    bench.until(f"root.querySelector('.spin-frame').textContent === '{words}'")


def test_until_the_first_item_is_there_the_box_says_what_it_waits_for(bench, session):
    bench.hold = True
    bench.start(session)
    assert bench.text(".spin-frame") == "Waiting for the kernel…"
    bench.release()
    bench.shows("img_0")


def test_an_undo_never_overtakes_its_label(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.hold = True
    bench.keys("1", "u", "2", "u", "3", "1", "u")
    bench.release()
    bench.settled()
    assert disk.labels == {"img_0": "dent"}
    assert [e["kind"] for e in disk.log if e["kind"] != "shown"] == [
        "label", "undo", "label", "undo", "label", "label", "undo",
    ]  # fmt: skip


def test_undo_goes_on_after_the_page_was_reloaded(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.keys("1", "2", "Space")
    bench.settled()
    bench.reload()
    bench.shows("img_3")
    bench.keys("u", "u")
    bench.shows("img_1")
    bench.settled()
    assert disk.labels == {"img_0": "ok"}
    bench.keys("3")
    bench.shows("img_2")
    bench.settled()
    assert disk.labels == {"img_0": "ok", "img_1": "dent"}
    bench.until("root.querySelector('.spin-count').textContent === '2 of 60 labelled'")


def test_a_click_on_the_strip_shows_an_item_again_to_be_relabelled(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.keys("1", "1", "1")
    bench.page.click(".spin-strip button >> nth=2")
    bench.shows("img_0")
    assert bench.text(".spin-was") == "now: ok"
    bench.page.keyboard.press("3")
    bench.shows("img_3")
    bench.settled()
    assert disk.labels == {"img_0": "dent", "img_1": "ok", "img_2": "ok"}
    bench.until("root.querySelector('.spin-count').textContent === '3 of 60 labelled'")


def test_clicking_a_class_leaves_the_keyboard_at_work(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.page.click(".spin-class >> nth=1")
    bench.shows("img_1")
    bench.page.keyboard.press("Space")
    bench.shows("img_2")
    bench.settled()
    assert [(e["kind"], e["value"]) for e in disk.decisions] == [("label", "crack"), ("skip", None)]


def test_a_button_reached_with_tab_keeps_its_own_enter(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.page.focus(".spin-class >> nth=2")
    bench.page.keyboard.press("Enter")
    bench.shows("img_1")
    bench.settled()
    assert disk.labels == {"img_0": "dent"}
    assert bench.page.evaluate("document.activeElement.className").startswith("spin-class")


def test_a_held_key_labels_one_item(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.page.focus(".spin-labeller")
    for _ in range(5):
        bench.page.keyboard.down("1")
    bench.page.keyboard.up("1")
    bench.settled()
    assert disk.labels == {"img_0": "ok"}


def test_escape_gives_the_keyboard_back(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.keys("Escape", "1")
    bench.until("document.activeElement === document.body")
    bench.until("root.querySelector('.spin-hint').textContent.includes('Tab')")
    rest(bench.page, 100)
    assert disk.decisions == []


def test_it_never_runs_out_of_cards(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    for i in range(59):
        bench.keys("1")
        bench.shows(f"img_{i + 1}")
    bench.keys("2")
    bench.settled()
    bench.until("root.querySelector('.spin-frame').textContent.includes('Nothing left to ask')")
    assert list(disk.labels) == [f"img_{i}" for i in range(60)]


def test_two_views_of_one_model_are_one_desk(bench, session, disk):
    bench.start(session, views=2)
    bench.shows("img_0")
    page = bench.page
    page.focus(".spin-labeller >> nth=0")
    page.keyboard.press("1")
    page.wait_for_function(
        "[...document.querySelectorAll('.spin-name')].every((e) => e.textContent === 'img_1')"
    )
    page.focus(".spin-labeller >> nth=1")
    page.keyboard.press("2")
    page.wait_for_function(
        "[...document.querySelectorAll('.spin-name')].every((e) => e.textContent === 'img_2')"
    )
    bench.settled()
    assert disk.labels == {"img_0": "ok", "img_1": "crack"}
    assert [e["id"] for e in disk.log if e["kind"] == "shown"] == ["img_0", "img_1", "img_2"]


def test_a_new_model_replaces_the_queue_beyond_the_next_eight(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    session.suggestion = {"value": "dent", "p": 0.9}
    session.pool.ids = [*session.pool.ids[:8], *reversed(session.pool.ids[8:])]
    session.events.trained.emit(None)
    session.events.trained.emit(None)
    bench.push()
    until(lambda: len([m for m in bench.requests if m["verb"] == "cards"]) > 2, page=bench.page)
    rest(bench.page, 1300)
    assert [m["n"] for m in bench.requests if m["verb"] == "cards"] == [
        2,
        16,
        16,
    ]  # at first, then one for both
    for i in range(8):
        bench.shows(f"img_{i}")
        bench.keys("1")
    bench.shows("img_59")
    bench.settled()
    bench.until("root.querySelector('.spin-suggested .spin-word').textContent === 'dent'")


def test_items_labelled_in_a_cell_are_not_asked_again(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    disk.log.append({"kind": "label", "id": "img_1", "value": "ok"})
    session.events.labelled.emit(("img_1",))
    bench.push()
    bench.keys("2")
    bench.shows("img_2")
    bench.until("root.querySelector('.spin-count').textContent === '2 of 60 labelled'")


def test_read_only_takes_no_labels_and_says_so(bench, session, disk):
    session.read_only = True
    bench.start(session)
    bench.until("root.querySelector('.spin-status').textContent.includes('Read-only')")
    bench.keys("1", "u", "Space")
    rest(bench.page, 100)
    assert disk.log == []


@pytest.mark.parametrize(
    ("mime", "data"),
    [
        ("text/plain", "<img src=x onerror=alert(1)><script>alert(2)</script>"),
        ("application/json", {"<b onclick=alert(1)>size</b>": "<img src=x onerror=alert(3)>", "n": "7"}),
        ("text/html", "<img src=x onerror=alert(4)>"),
        ("image/svg+xml", "<svg onload=alert(5)></svg>"),
        ("image/png", b"<svg onload=alert(6)></svg>"),
    ],
)
def test_hostile_data_is_shown_as_text(bench, new_session, disk, mime, data):
    name = "<img src=x onerror=alert(7)>"
    session = new_session(classes=["ok", name, '"><script>alert(8)</script>'], shown=lambda row: (mime, data))
    session.pool.ids[0] = "<script>alert(9)</script>.png"
    bench.start(session)
    bench.shows(session.pool.ids[0])
    bench.keys("2")
    bench.settled()
    assert disk.labels == {session.pool.ids[0]: name}
    assert (
        bench.page.evaluate("document.querySelectorAll('body img, body script, body svg, body b').length")
        == 0
    )
    assert bench.text(".spin-class >> nth=1").startswith("2")
    if mime == "text/plain":
        assert bench.text(".spin-text") == data


def test_classes_that_are_digits_are_their_own_keys(bench, new_session, disk):
    bench.start(new_session(classes=[str(i) for i in range(10)]))
    bench.shows("img_0")
    bench.keys("0", "7", "4")
    bench.settled()
    assert list(disk.labels.values()) == ["0", "7", "4"]


def test_more_than_ten_classes_get_letters_that_clash_with_no_command(bench, new_session, disk):
    names = [f"class {i}" for i in range(40)]
    bench.start(new_session(classes=names))
    bench.shows("img_0")
    keys = [k.strip() for k in bench.page.locator(".spin-class kbd").all_inner_texts()]
    assert keys[:12] == ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "A", "B"]
    assert len(set(keys[:33])) == 33
    assert not {"F", "U", "Y", "?", ";", ""} & set(keys[:33])
    assert keys[33:] == [""] * 7
    bench.keys("0", "a", "z", "Shift+B")
    bench.settled()
    assert list(disk.labels.values()) == ["class 9", "class 10", "class 31"]


KEY = """(event) => document.querySelector('.spin-labeller').dispatchEvent(
    new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...event }))"""


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"key": "é", "code": "Digit2"}, "crack"),  # AZERTY, digit row without shift
        ({"key": "2", "code": "Digit2", "shiftKey": True}, "crack"),  # AZERTY with shift
        ({"key": "3", "code": "Numpad3"}, "dent"),
        ({"key": "а", "code": "KeyF"}, "flag"),  # Cyrillic
        ({"key": "F", "code": "KeyF"}, "flag"),  # caps lock
        ({"key": ";", "code": "Comma", "shiftKey": True}, "unsure"),  # German
        ({"key": "?", "code": "KeyM", "shiftKey": True}, None),  # AZERTY: help
        ({"key": "!", "code": "Digit1", "shiftKey": True}, None),
        ({"key": "1", "code": "Digit1", "altKey": True}, None),
        ({"key": "1", "code": "Digit1", "ctrlKey": True}, None),
        ({"key": "1", "code": "Digit1", "isComposing": True}, None),
        ({"key": "q", "code": "KeyF"}, None),  # what is typed counts, not where
        ({"key": "7", "code": "Digit7"}, None),  # there is no seventh class
    ],
)
def test_keys_mean_what_they_type_on_any_layout(bench, session, disk, event, kind):
    bench.start(session)
    bench.shows("img_0")
    bench.page.evaluate(KEY, event)
    rest(bench.page, 60)
    bench.settled()
    assert [e["value"] or e["kind"] for e in disk.decisions] == ([kind] if kind else [])


def test_what_a_screen_reader_gets(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    root = bench.page.locator(".spin-labeller")
    assert root.get_attribute("data-lm-suppress-shortcuts") == "true"
    assert root.get_attribute("role") == "application"
    assert root.get_attribute("tabindex") == "0"
    unnamed = (
        "[...document.querySelectorAll('button')].filter((b) => !b.textContent.trim() && !b.ariaLabel).length"
    )
    assert bench.page.evaluate(unnamed) == 0
    suggested = bench.page.locator(".spin-suggested")
    assert suggested.get_attribute("aria-label") == "crack, suggested, 62 percent, Enter accepts"
    bench.keys("1")
    bench.until("root.querySelector('.spin-sr').textContent === 'img_0: ok. Next: img_1.'")


def test_undo_and_redo_go_back_beyond_a_restart_as_far_as_there_is_anything(
    bench, session, new_session, disk
):
    bench.start(session)
    bench.shows("img_0")
    for i in range(20):
        bench.keys("123"[i % 3])
        bench.shows(f"img_{i + 1}")
    bench.settled()
    bench.restart(new_session())
    bench.shows("img_20")
    bench.keys(*"u" * 20)
    bench.shows("img_0")
    bench.settled()
    assert disk.labels == {}
    bench.restart(new_session())
    bench.until("root.querySelector('.spin-name').textContent !== ''")
    bench.keys(*"y" * 20)
    bench.until("root.querySelector('.spin-count').textContent === '20 of 60 labelled'")
    bench.settled()
    assert disk.labels == {f"img_{i}": ["ok", "crack", "dent"][i % 3] for i in range(20)}


def test_one_can_go_back_to_the_very_first_item_and_change_it(bench, session, new_session, disk):
    bench.start(session)
    bench.shows("img_0")
    for i in range(19):
        bench.keys("1")
        bench.shows(f"img_{i + 1}")
    bench.settled()
    bench.restart(new_session())
    bench.shows("img_19")
    for i in (10, 2):
        bench.page.click("[aria-label='earlier items']")
        bench.until(f"root.querySelector('.spin-strip button')?.title.startsWith('img_{i}:')")
    bench.page.click(".spin-strip button[title^='img_0:']")
    bench.shows("img_0")
    bench.keys("3")
    bench.shows("img_19")
    bench.settled()
    assert disk.labels["img_0"] == "dent"


def test_a_cell_can_put_any_item_in_front(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.widget.show("img_41")
    bench.push()
    bench.shows("img_41")
    bench.keys("2")
    bench.shows("img_0")
    bench.settled()
    assert disk.labels == {"img_41": "crack"}


def rebind(bench, label: str, key: str) -> None:
    """Choose a row of the panel, press a key; what the panel says to it."""
    bench.page.click(f"[aria-label^='{label}']")
    bench.page.keyboard.press(key)


def test_keys_can_be_changed_on_screen(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.page.click("text=Keys")
    rebind(bench, "crack: key 2", "k")
    bench.until("root.querySelectorAll('.spin-class kbd')[1].textContent === 'K'")
    rebind(bench, "Skip: no opinion", "Escape")
    bench.keys("k", "2")
    bench.shows("img_1")
    bench.settled()
    assert disk.labels == {"img_0": "crack"}, "its old key does nothing now"
    assert session.key_bindings.keys == {"class:crack": "k"}


def test_a_key_that_cannot_be_chosen_is_refused_at_once_and_the_next_one_is_taken(bench, session):
    bench.start(session)
    bench.shows("img_0")
    bench.page.click("text=Keys")
    rebind(bench, "Skip: no opinion", "ArrowLeft")
    assert bench.text(".spin-asks").startswith(
        "ArrowLeft cannot be chosen: press a key that types one character"
    )
    bench.page.keyboard.press("s")
    bench.until("root.querySelector(\"[aria-label^='Skip: no opinion: key S']\")")
    rebind(bench, "Flag: a bad item", "g")
    bench.until("root.querySelector(\"[aria-label^='Flag: a bad item: key G']\")")
    bench.page.click("[aria-label^='Unsure: looked']")
    altgr = {"ctrlKey": True, "altKey": True, "modifierAltGraph": True}
    bench.page.evaluate(KEY, {"key": "AltGraph", "code": "AltRight", **altgr})
    bench.page.evaluate(KEY, {"key": "@", "code": "KeyQ", **altgr})
    bench.until("root.querySelector(\"[aria-label^='Unsure: looked, cannot tell: key @']\")")
    assert session.key_bindings.keys == {"skip": "s", "flag": "g", "unsure": "@"}


def test_what_the_kernel_refuses_is_said_and_taken_back(bench, session):
    bench.start(session)
    bench.shows("img_0")
    bench.widget.spec = {**bench.widget.spec, "names": ["ok", "crack"]}  # the kernel knows less than the page
    bench.page.click("text=Keys")
    rebind(bench, "Skip: no opinion", "s")
    rebind(bench, "dent: key 3", "d")
    bench.until("root.querySelector('.spin-asks').textContent.includes('nothing a key does')")
    assert bench.page.locator("[aria-label^='dent: key 3']").count() == 1
    rebind(bench, "Flag: a bad item", "g")
    bench.until("root.querySelector(\"[aria-label^='Flag: a bad item: key G']\")")
    assert session.key_bindings.keys == {"skip": "s", "flag": "g"}, (
        "one refusal spoils nothing that comes later"
    )


def test_every_key_is_on_the_panel(bench, new_session):
    bench.start(new_session(classes=[f"class {i}" for i in range(60)]))
    bench.shows("img_0")
    bench.page.click("text=Keys")
    assert (
        bench.page.locator(".spin-keys button").count() == 60 + 10
    )  # accept, skip, unsure, flag, none fits, add a class, undo, redo, help, full


def test_commands_name_their_shortcuts_as_assistive_technology_knows_them(bench, session):
    session.key_bindings.set({"class:ok": "?", "class:crack": "/"})
    bench.start(session)
    bench.shows("img_0")
    named = bench.page.eval_on_selector_all(
        ".spin-commands button",
        "(all) => all.map((each) => [each.firstChild.textContent, each.getAttribute('aria-keyshortcuts')])",
    )
    assert dict(named) == {
        "Accept": "Enter",
        "Skip": "Space",
        "Unsure": ";",
        "Flag": "F",
        "None fits": "F4",
        "Undo": "U Control+Z",
        "Redo": "Y Control+Shift+Z",
        "Keys": "F1",
    }
    assert bench.page.get_attribute("[aria-label='Full screen']", "aria-keyshortcuts") == "F9"


def test_undo_and_redo_belong_to_the_open_polygon_whichever_way_they_are_asked_for(bench, new_session, disk):
    from spin_nb.tasks import Polygons

    bench.start(new_session(task=Polygons(["roof"])))
    bench.shows("img_0")
    bench.keys("n", "Enter")
    bench.shows("img_1")
    view = bench.page.locator(".spin-viewport-view").bounding_box()

    def place(x, y):
        return view["x"] + view["width"] / 2 + x, view["y"] + view["height"] / 2 + y

    for point in ((-60, -60), (60, -60), (0, 60)):
        bench.page.mouse.click(*place(*point))
    hint = "root.querySelector('.spin-viewport-hint').textContent"
    bench.page.click(".spin-commands button:has-text('Undo')")
    bench.keys("u")
    bench.until(f"{hint}.startsWith('1 point:')")
    bench.page.click(".spin-commands button:has-text('Redo')")
    bench.keys("y", "y", "y")
    bench.until(f"{hint}.startsWith('3 points:')")
    bench.keys("Enter", "Enter")
    bench.shows("img_2")
    bench.settled()
    assert [(entry["id"], len(entry["value"][0]["points"])) for entry in disk.decisions] == [
        ("img_0", 4),
        ("img_1", 3),
    ]


def test_a_double_click_labels_one_item(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.page.locator(".spin-class").nth(2).dblclick()
    bench.shows("img_1")
    rest(bench.page, 100)
    bench.settled()
    assert disk.labels == {"img_0": "dent"}


def test_shift_enter_is_no_answer(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.keys("Shift+Enter")
    rest(bench.page, 100)
    assert disk.labels == {}
    bench.shows("img_0")


def test_the_panel_of_keys_lists_what_the_editor_knows(bench, session):
    bench.start(session)
    bench.page.click("text=Keys")
    words = bench.text(".spin-keys")
    assert "Skip" in words
    assert "shape" not in words
    assert "polygon" not in words


SHAPES = {"Delete", "Next shape", "Previous shape", "New shape"}
EDITORS_OWN = SHAPES | {"Not visible", "Duplicate", "Next point"}


@pytest.mark.parametrize(
    ("task", "actions"),
    [
        (Boxes(["a"]), SHAPES | {"Duplicate"}),
        (Polygons(["a"]), SHAPES | {"Duplicate", "Next point"}),
        (Keypoints(["a"]), SHAPES | {"Not visible"}),
        (Spans(["a"]), SHAPES - {"New shape"}),
        (Number(0, 9), {"Delete"}),
        (FreeText(), set()),
        (MultiLabel(["a"]), set()),
        (Pairs(), set()),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_the_panel_of_keys_lists_the_actions_of_each_editor(bench, new_session, task, actions):
    bench.start(new_session(task=task))
    bench.keys("?")
    bench.until("!root.querySelector('.spin-help').hidden")
    words = bench.page.locator(".spin-keys .spin-word").all_text_contents()
    assert {word for word in EDITORS_OWN if any(each.startswith(word) for each in words)} == actions


def test_a_question_mark_shows_the_keys_and_escape_closes_them_and_stays(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.keys("?")
    bench.until("!root.querySelector('.spin-help').hidden")
    bench.page.keyboard.press("Escape")
    bench.until("root.querySelector('.spin-help').hidden")
    bench.until("root === document.activeElement")
    bench.page.keyboard.press("?")
    bench.until("!root.querySelector('.spin-help').hidden")
    bench.page.click("[aria-label^='Skip: no opinion']")
    for _ in range(2):  # the first takes the choice back, the second closes
        bench.page.keyboard.press("Escape")
    bench.until("root.querySelector('.spin-help').hidden && root.contains(document.activeElement)")
    bench.keys("1")
    bench.settled()
    assert [e["kind"] for e in disk.decisions] == ["label"]


def test_a_question_mark_bound_to_unsure_stays_so(bench, session, disk):
    session.key_bindings.set({"unsure": "?"})
    bench.start(session)
    bench.shows("img_0")
    bench.keys("?")
    bench.shows("img_1")
    bench.keys("F1")
    bench.until("!root.querySelector('.spin-help').hidden")
    bench.settled()
    assert [e["kind"] for e in disk.decisions] == ["unsure"]


def test_cards_that_wait_follow_the_model_and_the_one_on_screen_stays(bench, new_session, disk):
    names = [f"class {i}" for i in range(40)]
    session = new_session(classes=names)
    session.suggestion, session.likely = None, [["class 39", None]]
    bench.start(session)
    bench.shows("img_0")
    bench.stocked()
    session.suggestion, session.likely = (
        {"value": "class 7", "p": 0.9},
        [["class 7", 0.9], ["class 38", 0.05]],
    )
    bench.keys("1")
    bench.shows("img_1")
    bench.page.wait_for_function("() => window.model.suggestions > 0")
    bench.until("root.querySelector('.spin-accept').disabled")  # the card on screen stays as it is
    bench.keys("1")
    bench.shows("img_2")
    bench.until("!root.querySelector('.spin-accept').disabled")
    bench.keys("2", "Enter")
    bench.settled()
    assert list(disk.labels.values()) == ["class 39", "class 39", "class 38", "class 7"]


def test_an_item_labelled_elsewhere_is_left(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.stocked()
    label_in_another_cell(bench, session, disk, "img_0", "dent")
    bench.shows("img_1")
    bench.until("root.querySelector('.spin-why').textContent === 'img_0 was labelled elsewhere: dent.'")
    bench.keys("2")
    bench.settled()
    assert disk.labels == {"img_0": "dent", "img_1": "crack"}


def test_an_item_labelled_elsewhere_that_is_worked_on_stays(bench, new_session, disk):
    session = new_session(task=MultiLabel(["a", "b"]))
    bench.start(session)
    bench.shows("img_0")
    bench.keys("1")
    label_in_another_cell(bench, session, disk, "img_0", ["b"])
    bench.until("root.querySelector('.spin-was').textContent === 'now: b'")
    bench.keys("Enter")
    bench.shows("img_1")
    bench.settled()
    assert disk.labels == {"img_0": ["a"]}


COUNTS = """() => {
  window.counts = [];
  const count = document.querySelector(".spin-count");
  const what = { childList: true, characterData: true, subtree: true };
  new MutationObserver(() => counts.push(parseInt(count.textContent))).observe(count, what);
}"""


def test_the_counter_never_goes_back(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.stocked()
    bench.page.evaluate(COUNTS)
    bench.hold = True
    bench.keys("1", "2")
    bench.page.evaluate("1")
    session.events.labelled.emit(("img_0",))  # the kernel's news come before its answer
    bench.push()
    bench.keys("3")
    bench.release()
    bench.settled()
    bench.keys("1")
    bench.settled()
    bench.until("root.querySelector('.spin-count').textContent === '4 of 60 labelled'")
    counts = bench.page.evaluate("counts")
    assert counts == sorted(counts)
    assert max(counts) == 4
    stale = {"push": "labelled", "labels": {}, "n_labels": 3, "per_minute": 9, "at": 1}
    bench.page.evaluate("(text) => window.model.deliver(text)", json.dumps([stale, []]))
    bench.until("root.querySelector('.spin-count').textContent === '4 of 60 labelled'")
