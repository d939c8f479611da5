"""What a key means, on any keyboard, and which keys can be chosen."""

from __future__ import annotations

import pytest

from spin_nb.errors import SettingError
from spin_nb.session.labeller.key_bindings import KEY_NAMES, check_bindings

pytestmark = pytest.mark.browser
NAMES = [f"class {i}" for i in range(33)]  # a key each
ALTGR = {"ctrlKey": True, "altKey": True, "modifierAltGraph": True}  # as Windows tells it


@pytest.fixture
def meaning(editor):
    """What each of some key events means, in their order."""

    def of(*events: dict, names=NAMES, bindings=None):
        return [editor.call("meaning", event, names, bindings or {}) for event in events]

    return of


def test_the_number_pad_without_num_lock_labels_nothing(meaning):
    keys = ["Insert", "End", "ArrowDown", "PageDown", "ArrowLeft", "Clear", "ArrowRight", "Home", "ArrowUp"]
    assert meaning(*({"key": key, "code": f"Numpad{i}"} for i, key in enumerate(keys))) == [None] * 9
    assert meaning({"key": "4", "code": "Numpad4"}, {"key": "Enter", "code": "NumpadEnter"}) == [
        "class:3",
        "accept",
    ]


def test_what_other_scripts_type_is_read_by_its_place(meaning):
    assert meaning(
        {"key": "а", "code": "KeyF"},
        {"key": "Я", "code": "KeyZ", "ctrlKey": True, "shiftKey": True},
        {"key": "я", "code": "KeyZ", "ctrlKey": True},
        {"key": "х", "code": "BracketLeft"},
        {"key": "لا", "code": "KeyB"},
        {"key": "Я", "code": "KeyZ", "shiftKey": True},
    ) == ["flag", "redo", "undo", "previous", "class:11", None]


def test_what_is_typed_counts_where_it_is_latin(meaning):
    assert meaning(
        {"key": ",", "code": "KeyW"},  # Dvorak
        {"key": "ü", "code": "KeyW"},
        {"key": "q", "code": "BracketLeft"},
    ) == meaning({"key": ","}, {"key": "ü"}, {"key": "q"})


@pytest.mark.parametrize(
    ("event", "does"),
    [
        ({"key": "[", "code": "Digit8", **ALTGR}, "previous"),  # German, Windows
        ({"key": "]", "code": "Digit9", "modifierAltGraph": True}, "next"),  # German, Linux
        ({"key": "ü", "code": "BracketLeft"}, "previous"),
        ({"key": "$", "code": "BracketRight"}, "next"),  # French
        ({"key": "+", "code": "BracketRight"}, None),  # it zooms
        ({"key": "{", "code": "BracketLeft", "shiftKey": True}, None),
        ({"key": "²", "code": "Digit2", **ALTGR}, None),
        ({"key": "8", "code": "Digit8", "ctrlKey": True, "altKey": True}, None),
        ({"key": "[", "code": "Digit5", "altKey": True}, None),  # Alt alone types nothing on Windows
    ],
)
def test_brackets_are_reached_on_keyboards_that_have_them_elsewhere(meaning, event, does):
    assert meaning(event) == [does]


def test_option_on_a_mac_types_characters(editor, meaning):
    editor.page.evaluate("Object.defineProperty(navigator, 'platform', { value: 'MacIntel' })")
    assert meaning(
        {"key": "[", "code": "Digit5", "altKey": True},
        {"key": "]", "code": "Digit6", "altKey": True},
        {"key": "¡", "code": "Digit1", "altKey": True},
        {"key": "“", "code": "BracketLeft", "altKey": True},
        {"key": "Enter", "altKey": True},
    ) == ["previous", "next", None, None, None]


def test_a_letter_of_ones_own_keyboard_comes_before_its_place(meaning):
    assert meaning({"key": "ü", "code": "BracketLeft"}, bindings={"skip": "ü"}) == ["skip"]


def test_new_shapes_have_a_key_however_many_classes_there_are(meaning):
    assert meaning({"key": "n"}, {"key": "."}, names=NAMES[:3]) == ["new", "new"]
    assert meaning({"key": "n"}, {"key": "."}) == ["class:22", "new"]
    assert meaning({"key": "d", "ctrlKey": True}, {"key": "D", "ctrlKey": True, "shiftKey": True}) == [
        "duplicate",
        None,
    ]


def taken(key: str) -> bool:
    try:
        return bool(check_bindings({"accept": key}, []))
    except SettingError:
        return False


def test_page_and_kernel_agree_on_what_a_key_is(editor):
    words = ["ArrowLeft", "Tab", "Escape", "PageUp", "Dead", "Process", "F0", "F13", "Ente", "enter", "لا"]
    signs = [*"a1 ?/[ü+я語🙂ßǆ", "", "\u00a0", "\u200b", "\u2028", "\t", "\u0301", "\ue000", "i̇"]
    keys = [*KEY_NAMES, *words, *signs]
    page = {key: editor.call("keyProblem", key) == "" for key in keys}
    assert page == {key: taken(key) for key in keys}
    assert [page[key] for key in ("F12", "a", " ", "🙂")] == [True] * 4
    assert [page[key] for key in ("ArrowLeft", "", "\t", "F13")] == [False] * 4


def test_what_is_kept_can_be_given_again():
    with pytest.raises(SettingError, match="no key"):
        check_bindings({"skip": "İ"}, [])  # two characters when small
    kept = check_bindings({"skip": "Ü", "accept": "F2"}, [])
    assert check_bindings(kept, []) == kept == {"skip": "ü", "accept": "F2"}


def test_shortcuts_are_named_as_assistive_technology_knows_them(editor):
    spec = {"kind": "pairs", "editor": "pairs", "names": ["first", "second", "equal"], "empty": None}
    card = {"mime": "application/json", "data": {"a": "one", "b": "two"}}
    editor.open(spec, card, bindings={"class:second": "Backspace"})
    named = "[...document.querySelectorAll('.spin-class')].map((b) => b.getAttribute('aria-keyshortcuts'))"
    assert editor.page.evaluate(named) == ["1 ArrowLeft", "Backspace ArrowRight", "3 ="]
    editor.open({**spec, "kind": "classes", "editor": "classes", "names": [*NAMES, "last"]}, card)
    assert editor.page.evaluate(named)[32:] == ["X", None]
