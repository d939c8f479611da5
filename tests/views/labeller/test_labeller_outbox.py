"""Nothing that was decided is dropped, doubled or reordered, whatever happens to the wire or the kernel."""

from __future__ import annotations

import json
import random

import pytest

from spin_nb.tasks import MultiLabel
from tests.waiting import rest

pytestmark = pytest.mark.browser


def stored(disk):
    return [(e["id"], e["value"]) for e in disk.decisions]


def expected(keys, classes=("ok", "crack", "dent")):
    return [(f"img_{i}", classes[int(key) - 1]) for i, key in enumerate(keys)]


def test_acknowledgements_that_never_arrive(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.swallow_replies = True
    bench.keys(*"12312")
    bench.shows("img_5")
    bench.until("root.dataset.pending === '5'")
    assert len(stored(disk)) >= 1
    bench.swallow_replies = False
    bench.settled()
    assert stored(disk) == expected("12312")


def test_requests_that_never_arrive(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.swallow_requests = True
    bench.keys(*"1231")
    rest(bench.page, 300)
    assert stored(disk) == []
    bench.until("root.querySelector('.spin-status').textContent.includes('4 labels kept here')")
    bench.swallow_requests = False
    bench.settled()
    assert stored(disk) == expected("1231")


def test_acknowledgements_that_arrive_late(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.hold = True
    bench.keys(*"123")
    rest(bench.page, 300)  # a re-send has left meanwhile
    bench.release()
    bench.settled()
    assert stored(disk) == expected("123")


def applies(bench):
    """Messages that try to store, as far as the page has sent them."""
    bench.page.evaluate("1")  # what was sent before has come when this answers
    return [m for m in bench.requests if m["verb"] == "apply"]


def test_re_sending_backs_off(bench, session, disk):
    bench.page.clock.install()
    bench.start(session)
    bench.shows("img_0")
    bench.stocked()
    bench.page.clock.pause_at(bench.page.evaluate("Date.now()") + 1000)
    assert [e["id"] for e in disk.log] == ["img_0"]
    bench.requests.clear()
    bench.swallow_requests = True
    bench.keys("1")
    for wait in bench.patience:  # at once, after one wait, after twice that, ...
        sent = len(applies(bench))
        bench.page.clock.run_for(wait - 1)
        assert len(applies(bench)) == sent
        bench.page.clock.run_for(1)
        assert len(applies(bench)) == sent + 1
    assert sent == len(bench.patience)
    assert len({json.dumps(m["entries"][0]) for m in applies(bench)}) == 1


def test_a_slow_kernel_gets_few_messages(bench, session, disk):
    bench.patience = [60_000]  # a re-send is another matter
    bench.start(session)
    bench.shows("img_0")
    bench.stocked()
    assert [e["id"] for e in disk.log] == ["img_0"]  # that it was shown is no longer under way
    bench.requests.clear()
    bench.hold = True
    bench.keys(*"123123")
    bench.shows("img_6")
    assert len(applies(bench)) == 1
    bench.release()
    bench.settled()
    assert stored(disk) == expected("123123")
    assert len(applies(bench)) == 2


def test_a_full_disk_keeps_the_label_pending_and_says_why(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.settled()
    session.full = True
    bench.keys("1", "2")
    bench.shows("img_2")
    bench.until("root.querySelector('.spin-status').textContent.includes('the disk is full')")
    bench.until("root.querySelector('.spin-status').textContent.includes('2 labels kept here')")
    assert stored(disk) == []
    session.full = False
    bench.settled()
    assert stored(disk) == expected("12")
    bench.until("root.querySelector('.spin-status').textContent === 'All saved'")


def test_a_page_reload_keeps_what_was_not_saved(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.swallow_requests = True
    bench.keys(*"123")
    bench.swallow_requests = False
    bench.reload()
    bench.settled()
    assert stored(disk) == expected("123")
    bench.shows("img_3")
    bench.keys("2", "u", "u")
    bench.shows("img_2")
    bench.settled()
    assert stored(disk) == expected("12")


def test_the_browser_asks_before_unsaved_labels_are_left_behind(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.keys("1")
    bench.settled()
    bench.reload()
    assert bench.warnings == 0
    bench.shows("img_1")
    bench.swallow_requests = True
    bench.keys("2")
    bench.reload()
    assert bench.warnings == 1
    bench.swallow_requests = False
    bench.settled()
    assert stored(disk) == expected("12")


def test_a_page_reload_after_lost_acknowledgements_doubles_nothing(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.swallow_replies = True
    bench.keys(*"123")
    bench.swallow_replies = False
    bench.reload()
    bench.settled()
    assert stored(disk) == expected("123")


def test_after_a_restart_the_labels_are_kept_until_the_cell_runs_again(bench, session, new_session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.keys("1")
    bench.settled()
    bench.cut()
    bench.keys("2", "3")
    bench.shows("img_3")
    assert bench.text(".spin-status") == "Kernel restarted: run this cell again; 2 labels kept here"
    bench.restart(new_session())
    bench.settled()
    assert stored(disk) == expected("123")
    bench.shows("img_3")
    bench.keys("1")
    bench.settled()
    assert stored(disk) == expected("1231")


def test_a_view_whose_kernel_is_gone_hands_over_to_the_one_that_lives(bench, session, new_session, disk):
    bench.start(session)
    bench.shows("img_0")
    page = bench.page
    page.evaluate("() => { window.orphan = document.querySelector('.spin-labeller') }")
    bench.cut()
    bench.keys("1")
    bench.restart(new_session())
    bench.settled()
    page.evaluate("() => document.body.prepend(orphan)")
    page.evaluate("() => orphan.dispatchEvent(new KeyboardEvent('keydown', { key: '2', code: 'Digit2' }))")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.spin-labeller')].every((e) => e.dataset.pending === '0')"
    )
    assert stored(disk) == expected("12")


def test_another_view_that_stores_what_both_adopted_leaves_no_gap_in_the_queue(
    bench, session, new_session, disk
):
    bench.start(session)
    bench.shows("img_0")
    bench.cut()
    bench.keys(*"12")
    bench.until("root.dataset.pending === '2'")
    bench.swallow_requests = True
    bench.restart(new_session())
    lane = bench.page.evaluate(
        """() => {
          const [key] = Object.keys(sessionStorage).filter((key) => key.startsWith("spin_nb/outbox/"));
          return { key, entries: JSON.parse(sessionStorage.getItem(key)).entries };
        }"""
    )
    prefix, _, client = lane["key"].rpartition("/")
    ack = session.apply(client, lane["entries"])["ack"]  # what the other view of this page has sent
    told = {"prefix": f"{prefix}/", "client": client, "ack": ack}
    bench.page.evaluate(
        "(detail) => window.dispatchEvent(new CustomEvent('spin_nb:outbox', { detail }))", told
    )
    bench.swallow_requests = False
    bench.until("root.querySelector('.spin-name').textContent")
    for _ in range(24):  # more than a queue holds
        bench.until("root.querySelector('.spin-name').textContent")
        bench.keys("3")
    bench.settled()
    assert len(stored(disk)) == 26


def test_a_duplicated_tab_does_not_swallow_labels(bench, session, disk, browser):
    bench.start(session)
    bench.shows("img_0")
    bench.swallow_requests = True
    bench.keys("1", "2")
    copy = bench.page.evaluate("() => ({...sessionStorage})")
    bench.swallow_requests = False
    other = type(bench)(bench.page.context.new_page(), disk)
    other.page.goto(bench.URL)
    other.page.evaluate("(copy) => Object.assign(sessionStorage, copy)", copy)
    other.start(session)
    other.settled()
    bench.settled()
    assert stored(disk) == expected("12")
    other.shows("img_2")
    bench.keys("3")
    bench.settled()
    other.keys("1")
    other.settled()
    assert len(stored(disk)) == 4
    assert other.errors == []


def test_a_store_put_back_to_an_older_copy_still_gets_what_is_left(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.keys("1", "2")
    bench.settled()
    bench.swallow_requests = True
    bench.keys("3")
    disk.last.clear()
    disk.log.clear()
    bench.swallow_requests = False
    bench.settled()
    assert stored(disk) == [("img_2", "dent")]


def test_a_kernel_that_goes_is_named_before_a_key_is_pressed(bench, session):
    bench.start(session)
    bench.shows("img_0")
    bench.settled()
    bench.cut()
    bench.page.evaluate("() => window.model.trigger('comm_live_update')")
    bench.until(
        "root.querySelector('.spin-status').textContent.startsWith('Kernel restarted: run this cell again')"
    )
    bench.cut(gone=False)
    bench.page.evaluate("() => window.model.trigger('comm_live_update')")
    bench.until("root.querySelector('.spin-status').textContent === 'All saved'")


def test_lost_cards_are_asked_for_again_as_soon_as_the_kernel_answers(bench, session, disk):
    clock = bench.page.clock
    clock.install()
    bench.start(session)
    bench.shows("img_0")
    bench.settled()
    clock.pause_at(bench.page.evaluate("Date.now()") + 1000)
    bench.swallow_requests = True
    bench.keys(*"1" * 16)
    bench.until("root.querySelector('.spin-frame').textContent.includes('Choosing')")
    bench.swallow_requests = False
    for _ in range(90):  # 9 s of the page's time, not the 15 s that a call may take
        if bench.page.locator(".spin-frame canvas").count():
            break
        clock.run_for(100)
    assert bench.page.locator(".spin-frame canvas").count()
    clock.resume()
    bench.settled()
    assert len(disk.labels) == 16


def test_a_refused_label_does_not_look_stored(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    session.classes = ["ok", "crack"]
    bench.keys("3")
    bench.until("root.querySelector('.spin-status').textContent.includes(\"Not stored: no class 'dent'\")")
    bench.until("root.querySelectorAll('.spin-strip button').length === 0")
    bench.settled()
    bench.shows("img_1")  # nobody labels another item than the one they look at
    bench.keys("1")
    bench.shows("img_0")
    bench.settled()
    bench.until("root.querySelector('.spin-status').textContent.includes(\"Not stored: no class 'dent'\")")
    assert stored(disk) == [("img_1", "ok")]
    bench.keys("2")
    bench.settled()
    assert stored(disk) == [("img_1", "ok"), ("img_0", "crack")]
    bench.until("root.querySelector('.spin-status').textContent === 'All saved'")


def test_a_refused_label_is_there_to_be_mended(bench, new_session, disk):
    session = new_session(task=MultiLabel(["a", "b"]))
    bench.start(session)
    bench.shows("img_0")
    session.refuses = lambda value: len(value) > 1
    bench.keys("1", "2", "Enter")
    bench.shows("img_1")
    bench.until("root.querySelector('.spin-status').textContent.includes('Not stored')")
    bench.keys("Space")
    bench.shows("img_0")
    bench.until("root.querySelectorAll('.spin-editor [aria-pressed=true]').length === 2")
    bench.keys("u", "Enter")
    bench.settled()
    assert stored(disk) == [("img_1", None), ("img_0", ["a"])]


def test_labelling_goes_on_where_undo_needs_a_kernel_that_does_not_answer(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.settled()
    bench.swallow_requests = True
    bench.keys("1", *"uuuuuu")
    words = "Earlier decisions can be taken back when the kernel answers."
    bench.until(f"root.querySelector('.spin-sr').textContent.startsWith({words!r})")
    bench.keys("2", "3")
    bench.shows("img_2")
    bench.keys("u")
    bench.shows("img_1")
    bench.keys("y")
    bench.swallow_requests = False
    bench.settled()
    assert stored(disk) == expected("23")


def test_labelling_does_not_wait_for_an_undo_that_is_on_its_way(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.keys("1", "2")
    bench.settled()
    bench.restart(session)
    bench.shows("img_2")
    bench.settled()
    bench.keys("u", "u")
    bench.shows("img_0")
    bench.settled()
    bench.swallow_replies = True
    bench.keys("u", "u")
    rest(bench.page, 400)
    bench.keys("3")
    bench.shows("img_1")
    bench.swallow_replies = False
    bench.settled()
    assert stored(disk) == [("img_0", "dent")]


def test_an_error_in_the_kernel_keeps_the_label(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.settled()
    apply = session.apply
    session.apply = lambda client, entries: 1 / 0
    bench.keys("1")
    bench.until("root.querySelector('.spin-status').textContent.includes('ZeroDivisionError')")
    session.apply = apply
    bench.settled()
    assert stored(disk) == expected("1")


def test_a_browser_without_storage_still_labels(bench, session, disk):
    bench.page.add_init_script(
        "Object.defineProperty(window, 'sessionStorage', { get() { throw new Error('denied') } })"
    )
    bench.start(session)
    bench.shows("img_0")
    bench.keys("1", "2")
    bench.settled()
    assert stored(disk) == expected("12")


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_bad_wire_loses_doubles_and_reorders_nothing(bench, session, disk, seed):
    chance = random.Random(seed)
    bench.start(session)
    bench.shows("img_0")
    keys = [chance.choice("123") for _ in range(30)]
    for i, key in enumerate(keys):
        if not bench.text(".spin-name"):  # nothing is left to label until the wire lets cards through
            bench.swallow_requests = bench.swallow_replies = False
            bench.until("root.querySelector('.spin-name').textContent")
        bench.swallow_requests = chance.random() < 0.3
        bench.swallow_replies = chance.random() < 0.3
        bench.keys(key)
        if i == 15:
            bench.reload()
            bench.shows("img_16")
    bench.swallow_requests = bench.swallow_replies = False
    bench.settled()
    assert stored(disk) == expected(keys)
