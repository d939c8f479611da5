"""What assistive technology finds in the drawing editors."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser
BOX = {"label": "car", "x": 10, "y": 10, "width": 40, "height": 40}
POLYGON = {"label": "car", "points": [[10, 10], [80, 10], [40, 60]]}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("editor", "names", "value"),
    [
        ("boxes", ["car", "bike"], [BOX]),
        ("polygons", ["car", "bike"], [POLYGON]),
        ("keypoints", ["head", "hip"], {"head": [20, 20], "hip": None}),
        ("none", [], None),
    ],
)
def test_axe_finds_nothing_serious(desk, editor, names, value, scheme):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is missing"
    )
    desk.page.emulate_media(color_scheme=scheme)
    desk.open(editor, names, suggestion=value)
    desk.press("]")
    found = axe.Axe().run(desk.page, context={"include": [".spin-view"]}).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")] == []


def test_every_control_has_a_name_and_is_reached_by_tab(desk):
    desk.open("boxes", ["car", "bike"], value=[BOX])
    names = []
    for _ in range(12):
        desk.press("Tab")
        names.append(
            desk.js("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent")
        )
    assert names == [
        "Zoom out (−)", "Zoom in (+)", "Fit the whole picture (Home)", "Brightness of the picture, percent",
        "Contrast of the picture, percent", "Reset brightness and contrast", "1car", "2bike",
        "New boxN", "DuplicateD", "box 1, car, 10, 10 · 40 × 40", "Delete box 1, car",
    ]  # fmt: skip
