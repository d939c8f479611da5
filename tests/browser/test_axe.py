"""What axe-core finds in every view, light and dark, in a real JupyterLab: nothing serious, nothing critical."""

from __future__ import annotations

import pytest

from tests.browser.test_tasks import CASES, SETUP

OPEN = """# open digits
digits = spin.samples.digits()
s = spin.open("axe.spin", pool=digits.items[:300], classes=digits.classes)
s._live.pool_model.start_umap = lambda *_: None  # its compilation would take most of this test's time
s.audit.share = 0.5
for _ in range(2):
    s.label({id: digits.labels[s.pool.row(id)] for id in s.ask(12).ids})
    s.train(wait=True)
s.watch(digits.items[300:360], wait=True)
run = s.train()
run.result();"""
VIEWS = {
    "map": "s.selected = [s.pool.ids[3]]\ns.map",
    "grid": "s.grid.show().sort('epistemic')",
    "uncertainty": "s.uncertainty",
    "curves": "s.curves",
    "calibration": "s.calibration",
    "drift": "s.drift",
    "workbench": "s.workbench",
    "progress": "run",
}
VIEWS |= {f"{case.name} labeller": f"tasks[{case.name!r}].labeller" for case in CASES}
SHOWN = ".jp-Notebook-cell.jp-mod-active .jp-OutputArea-output"
# JupyterLab's body is 0 pixels high and cuts off what overflows (its shell is absolute, so it does not look so): axe
# would take all that is in it for hidden, and look at no colour.
WHOLE = "document.body.style.height = '100vh'"
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"


@pytest.fixture(scope="module")
def cells():
    tasks = [
        f"tasks[{case.name!r}] = begin('axe-{case.name}', {case.pool}, {case.task}, {case.suggestion!r})"
        for case in CASES
    ]
    begun = "\n".join([SETUP, "tasks = {}", *tasks])
    return [begun, OPEN, *(f"# view {name}\n{source}" for name, source in VIEWS.items())]


def findings(axe, page) -> list[tuple[str, str, str]]:
    """(rule, impact, element) of what is serious in the view under the chosen cell."""
    page.locator(SHOWN).wait_for()
    page.evaluate(WHOLE)
    found = axe.run(page, context={"include": [SHOWN]}).response["violations"]
    return [
        (rule["id"], rule["impact"], node["html"][:300])
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


def test_no_view_has_a_serious_finding_light_or_dark(lab, cells):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is missing"
    )
    lab.write_notebook("axe.ipynb", cells)
    lab.open_notebook("axe.ipynb")
    lab.run_cell("import numpy")
    lab.run_cell("# open digits")
    serious = {}
    for theme in (LIGHT, DARK):
        lab.set_theme(theme)
        for name in VIEWS:
            act = lab.run_cell if theme == LIGHT else lab.scroll_to
            act(f"# view {name}\n")
            if name.endswith("labeller") and theme == LIGHT:
                lab.page.locator(f"{SHOWN} .spin-name").filter(has_text="-").wait_for()
                lab.page.locator(f"{SHOWN} button[aria-expanded]", has_text="Keys").click()
            lab.page.wait_for_timeout(300)
            if found := findings(axe.Axe(), lab.page):
                serious[name, theme] = found
    for k, v in serious.items():
        print(k, len(v), *v[:12], sep="\n   ")
    assert serious == {}


def test_a_view_with_a_finding_would_be_told(lab):
    """The rules do look: a button without a name, and text that nobody can read."""
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is missing"
    )
    lab.write_notebook(
        "axe-bad.ipynb", ["import IPython.display as d\nd.HTML('<button></button><p>pale words</p>')"]
    )
    lab.open_notebook("axe-bad.ipynb")
    lab.run_cell("import IPython")
    lab.page.locator(f"{SHOWN} p").evaluate("p => p.style.cssText = 'color: #eee; background: #fff'")
    assert {rule for rule, *_ in findings(axe.Axe(), lab.page)} == {"button-name", "color-contrast"}
