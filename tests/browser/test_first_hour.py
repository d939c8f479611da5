"""A person's first hour, scene by scene: one notebook in a real JupyterLab, its views open side by side.

The scenes share the kernel; each begins by looking at what is there, so any of them may run alone.
"""

from __future__ import annotations

import sqlite3

import pytest

from tests.browser.conftest import Lab
from tests.browser.test_labeller_fits import MEASURE, SCREENS
from tests.waiting import until

OPEN = """import spin_nb as spin
from sklearn.dummy import DummyClassifier
digits = spin.samples.digits()
s = spin.open("hour.spin", pool=digits)
s.audit.share = 0.5
for id in [] if s.labels.height else s.ask(60):
    s.label(id, digits.labels[digits.ids.index(id)])
guess = DummyClassifier()"""
GUESS = "s.train(guess, wait=True)"
INSIST = "s.train(guess, show=True, wait=True)"
PLOTS = ("s.curves", "s.calibration", "s.drift", "s.uncertainty")
VIEWS = (*PLOTS, "s.map", "s.labeller")
IN_CELL = """((cell) => jupyterapp.shell.currentWidget.content.widgets.find(
    (widget) => widget.model.sharedModel.source.trim() === cell)?.node)"""


@pytest.fixture(scope="module")
def hour(browser, server):
    """The notebook with its project open and 60 digits labelled, one by one."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    lab = Lab(context.new_page(), server)
    lab.write_notebook("hour.ipynb", [OPEN, GUESS, INSIST, *VIEWS, "s.workbench"])
    lab.open_notebook("hour.ipynb")
    lab.run_cell("spin.open(")
    yield lab
    context.close()


def opened(lab, cell: str):
    """The cell's output, run if it was not yet, at the top of the page."""
    node = lab.page.evaluate_handle(IN_CELL, cell).as_element()
    if node is None or not node.query_selector(".jp-OutputArea-output"):
        lab.run_cell(cell)
    lab.scroll_to(cell)
    return output(lab, cell)


def output(lab, cell: str):
    """What a cell shows."""
    return lab.page.locator(".jp-CodeCell", has=lab.page.locator(".jp-InputArea", has_text=cell)).locator(
        ".jp-OutputArea"
    )


def events(lab) -> list[tuple[str, str]]:
    """(kind, item) of every event on disk, in order."""
    with sqlite3.connect(f"file:{lab.server.folder / 'hour.spin' / 'project.db'}?mode=ro", uri=True) as db:
        return db.execute("SELECT kind, item FROM events ORDER BY seq").fetchall()


# Counts, from now on, how often each plot under a cell is drawn, and what of the views' state the kernel sends.
COUNT = """(node) => {
  const counts = (window.counts = { draws: [], messages: 0, states: {} });
  [...node.querySelectorAll(".js-plotly-plot")].forEach((plot, at) => {
    counts.draws[at] = 0;
    plot.on("plotly_afterplot", () => (counts.draws[at] += 1));
  });
  const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  kernel.anyMessage.connect((_, { msg, direction }) => {
    if (direction !== "recv" || msg.header.msg_type !== "comm_msg") return;
    counts.messages += 1;
    for (const name of Object.keys(msg.content.data.state ?? {})) counts.states[name] = (counts.states[name] ?? 0) + 1;
  });
}"""


def count(lab, cell: str) -> None:
    lab.page.evaluate(f"cell => ({COUNT})({IN_CELL}(cell))", cell)


def test_a_worse_model_stays_behind_and_the_report_on_screen_says_so(hour):
    """USER.md 7: a model that does worse on the same labels is not what the session shows from then on."""
    hour.run_cell(GUESS)
    report = output(hour, GUESS)
    report.get_by_text("held-out labels; s.train(DummyClassifier, show=True) shows it").first.wait_for()
    assert "kept mean" in report.inner_text()
    assert hour.run_code("print(s.model.head)").strip() == "mean"
    hour.run_cell(INSIST)
    output(hour, INSIST).get_by_text("DummyClassifier is shown because you said show=True").first.wait_for()
    assert hour.run_code("print(s.model.head)").strip() == "DummyClassifier"
    hour.run_code("s.train(wait=True)")
    assert hour.run_code("print(s.model.head)").strip() != "DummyClassifier"


ARRIVALS, CHUNK = 400, 16  # so many are scored together
POOL_DRAWN = f"""([n, cell]) => {{
  const {{ text, z }} = {IN_CELL}(cell).querySelector(".js-plotly-plot").data[0]; // more than 2,000 are a density
  return z?.length && n === text.flat().reduce((sum, words) => sum + parseInt(words.replace(",", "")), 0);
}}"""


def test_400_arrivals_beside_the_open_uncertainty_view_explain_nothing_anew(hour):
    """USER.md 14: 2.4 s without the view and 40 s with it, which explained its item anew for each few of them."""
    opened(hour, "s.uncertainty").locator(".points path").first.wait_for(state="attached")
    hour.run_code("s.uncertainty.look(s.pool.ids[7])")
    view = output(hour, "s.uncertainty")
    view.locator(".spin-title", has_text="digit-0007").wait_for()
    view.locator(".spin-strips circle").first.wait_for(state="attached")
    n = int(hour.run_code("print(len(s.pool))"))
    count(hour, "s.uncertainty")
    seconds = hour.run_code(
        "import time\nbegun = time.monotonic()\n"
        f"s.watch(list(digits.items[:{ARRIVALS}]), wait=True)\nprint(f'{{time.monotonic() - begun:.1f}}')"
    )
    hour.page.wait_for_function(POOL_DRAWN, arg=[n + ARRIVALS, "s.uncertainty"])
    counts = hour.page.evaluate("counts")
    (draws,) = counts["draws"]
    print(f"\n{ARRIVALS} arrivals: {seconds.strip()} s, {draws} drawings, {counts['messages']} messages")
    assert not {"chances", "doubt", "near", "mind"} & set(counts["states"]), (
        "what is explained stays as it is"
    )
    assert 1 <= draws <= ARRIVALS // CHUNK + 2


BULK = 100


def test_one_key_takes_back_all_that_one_call_labelled_and_no_plot_is_drawn_for_each(hour):
    """USER.md 6: one undo an item, and 182 of them took 637 s with the views open."""
    for cell in ("s.curves", "s.labeller"):
        opened(hour, cell)
    view = output(hour, "s.labeller").locator(".spin-labeller")
    view.locator(".spin-name").filter(has_text="-").wait_for()
    labels = int(hour.run_code("print(s.labels.height)"))
    stored = len(events(hour))
    count(hour, "s.curves")
    hour.run_code(
        "free = [id for id in s.pool.ids[:1797] if id not in set(s.labels['item'])]\n"
        f"s.label(dict.fromkeys(free[-{BULK}:], '0'))"
    )
    assert len(events(hour)) == stored + BULK
    view.locator(".spin-count", has_text=f"{labels + BULK:,} of").wait_for()
    view.focus()
    hour.page.keyboard.press("u")
    view.locator(".spin-count", has_text=f"{labels:,} of").wait_for()
    assert [kind for kind, _ in events(hour)[stored + BULK :]] == ["undo"]
    assert int(hour.run_code("print(s.labels.height)")) == labels
    hour.page.wait_for_function(
        f"([n, cell]) => {IN_CELL}(cell).querySelector('.js-plotly-plot').data[0].x.at(-1) === n",
        arg=[labels, "s.curves"],
    )
    (draws,) = hour.page.evaluate("counts.draws")
    print(f"\n{BULK} labels at once, and undone: {draws} drawings")
    assert draws <= BULK / 10


# Each plot is as wide as its place, and nothing is wider than the output.
FOLLOWED = f"""(cell) => {{
  const output = {IN_CELL}(cell).querySelector(".jp-OutputArea-output");
  const box = (element) => element.getBoundingClientRect();
  const drawings = [...output.querySelectorAll(".main-svg, canvas, .spin-explain, .spin-labeller")];
  const plots = [...output.querySelectorAll(".js-plotly-plot")];
  const wide = (element) => box(element).width;
  const fits = (plot) => Math.abs(wide(plot.querySelector(".main-svg")) - wide(plot.closest(".spin-plot"))) < 2;
  return drawings.length && output.scrollWidth <= output.clientWidth + 1
    && drawings.every((drawing) => box(drawing).right <= box(output).right + 1)
    && plots.every(fits);
}}"""
TITLES_APART = f"""(cell) => {{
  const plot = {IN_CELL}(cell).querySelector(".js-plotly-plot"), paper = plot?.getBoundingClientRect();
  const texts = [...(plot?.querySelectorAll(".annotation-text") ?? [])].map((text) => text.getBoundingClientRect());
  const inside = ({{ left, right }}) => left >= paper.left - 1 && right <= paper.right + 1;
  const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
  return plot && texts.every((a, at) => inside(a) && texts.slice(at + 1).every((b) => apart(a, b)));
}}"""


def test_views_follow_their_width_when_the_side_bar_opens_and_the_window_changes(hour):
    """USER.md 19: titles overlapped and a plot was cut off, or stayed small where there was room again."""
    page = hour.page
    for name in ("1280x720-side-bar", "1920x1080", "1440x900"):
        resize(hour, name)
        for cell in VIEWS:
            opened(hour, cell)
            page.wait_for_function(FOLLOWED, arg=cell)
            if cell in PLOTS:
                page.wait_for_function(TITLES_APART, arg=cell)
            hour.screenshot(f"hour-{cell[2:]}-{name}")
    hour.set_theme("JupyterLab Dark")
    for cell in VIEWS:
        hour.scroll_to(cell)
        hour.screenshot(f"hour-{cell[2:]}-{name}-dark")
    hour.set_theme("JupyterLab Light")


def resize(lab, name: str) -> None:
    width, height, with_bar = SCREENS[name]
    lab.page.set_viewport_size({"width": width, "height": height})
    lab.page.evaluate("open => jupyterapp.shell[open ? 'expandLeft' : 'collapseLeft']()", with_bar)


PLACES = f"""(cell) => {{
  const output = {IN_CELL}(cell).querySelector(".jp-OutputArea-output");
  const [labeller, map] = [".spin-labeller", "canvas:not(.spin-view canvas)"].map((part) =>
    output.querySelector(part)?.getBoundingClientRect());
  if (!labeller?.width || !map?.width) return null;
  return labeller.bottom <= map.top ? "labeller, then map" : map.right <= labeller.left ? "map, labeller" : "mixed";
}}"""


def test_the_workbench_has_the_map_beside_the_labeller_or_below_and_the_labeller_fits(hour):
    """USER.md 13: on a small screen it showed the map, and the labeller was a page below."""
    opened(hour, "s.workbench")
    labeller = output(hour, "s.workbench").locator(".spin-labeller")
    labeller.locator(".spin-name").filter(has_text="-").wait_for()
    for name in SCREENS:
        resize(hour, name)
        places = "labeller, then map" if "side-bar" in name else "map, labeller"
        hour.page.wait_for_function(
            f"([cell, places]) => ({PLACES})(cell) === places", arg=["s.workbench", places]
        )
        labeller.evaluate("root => root.scrollIntoView({ block: 'start' })")
        until(
            lambda: all(labeller.evaluate(MEASURE)["shown"].values()),
            page=hour.page,
            what=f"all of it on {name}",
        )
        hour.screenshot(f"hour-workbench-{name}")
    hour.set_theme("JupyterLab Dark")
    for name in SCREENS:
        resize(hour, name)
        labeller.evaluate("root => root.scrollIntoView({ block: 'start' })")
        hour.screenshot(f"hour-workbench-{name}-dark")
    hour.set_theme("JupyterLab Light")


SCROLLED = "document.querySelector('.jp-WindowedPanel-outer').scrollTop"
PICTURE = f"cell => {IN_CELL}(cell).querySelector('canvas').toDataURL()"


@pytest.fixture
def map_(hour):
    """The map's surface at the top of the page, its points where they stay."""
    canvas = opened(hour, "s.map").locator("canvas").first
    canvas.wait_for()
    output(hour, "s.map").locator(".spin-card", has_text="UMAP layout").wait_for()

    def is_at_rest() -> bool:
        before = picture(hour)
        hour.page.wait_for_timeout(300)
        return picture(hour) == before

    until(is_at_rest, page=hour.page, what="the map at rest")
    return canvas


def picture(lab) -> str:
    return lab.page.evaluate(PICTURE, "s.map")


def point_at_middle(lab, canvas) -> tuple[float, float]:
    """Move the pointer there, as a hand does: on its way it is elsewhere; returns the place."""
    box = canvas.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    lab.page.mouse.move(x - 20, y - 20)
    lab.page.mouse.move(x, y, steps=4)
    return x, y


def test_the_wheel_over_the_map_scrolls_the_page_and_zooms_after_a_click(hour, map_):
    """USER.md 18: it zoomed the map to a blob under who only scrolled by."""
    page = hour.page
    scrolled = page.evaluate(SCROLLED)
    point_at_middle(hour, map_)
    page.mouse.wheel(0, 60)
    page.wait_for_function(f"{SCROLLED} > {scrolled}")

    def zooms(act) -> None:
        """The map changes by it, and the page stays where it is."""
        hour.scroll_to("s.map")
        point_at_middle(hour, map_)
        before, scrolled = picture(hour), page.evaluate(SCROLLED)
        act()
        until(lambda: picture(hour) != before, page=page, what="the map zoomed")
        assert page.evaluate(SCROLLED) == scrolled

    def with_control() -> None:
        page.keyboard.down("Control")
        page.mouse.wheel(0, -120)
        page.keyboard.up("Control")

    def after_a_click() -> None:
        page.mouse.click(*point_at_middle(hour, map_))
        page.mouse.wheel(0, -120)

    zooms(with_control)
    zooms(after_a_click)
    scrolled = page.evaluate(SCROLLED)
    page.mouse.move(2, 2)
    point_at_middle(hour, map_)
    page.mouse.wheel(0, 60)
    page.wait_for_function(f"{SCROLLED} > {scrolled}")


def test_what_a_lasso_selects_is_labelled_and_the_panel_says_so(hour, map_):
    """USER.md 26: the panel beside the map went on saying what the model thought before."""
    page = hour.page
    hour.run_code("s.selected = []")
    tools = output(hour, "s.map").locator("button")
    tools.and_(page.locator("[title*=Reset]")).click()
    tools.and_(page.locator("[title*=lasso]")).first.click()

    def lassoed() -> int:
        x, y = point_at_middle(hour, map_)
        far = map_.bounding_box()["height"] / 3
        page.mouse.move(x - far, y - far)
        page.mouse.down()
        for right, down in ((far, -far), (far, far), (-far, far), (-far, -far / 2)):
            page.mouse.move(x + right, y + down, steps=8)
        page.mouse.up()
        page.wait_for_timeout(500)
        return int(hour.run_code("print(len(s.selected))"))

    n = until(lassoed, page=page, what="items in the lasso")
    panel = output(hour, "s.map").locator(".spin-card")
    page.mouse.move(2, 2)
    panel.get_by_text(f"{n:,} items selected").wait_for()
    hour.run_code("s.label(dict.fromkeys(s.selected, '3'))")
    panel.locator("dt", has_text="label").first.wait_for()
    assert panel.locator("dd").first.inner_text() == "3"
    hour.run_code("s.undo()")
    panel.locator("dt", has_text="label").first.wait_for(state="detached")


def test_after_a_restart_the_curves_show_the_same_history(hour):
    """USER.md 12: one point, no band and another title, though all was on disk."""
    hour.run_cell("s.curves")
    until(lambda: len(curve(hour)[0]["x"]) >= 60, page=hour.page, what="60 points of the curve")
    before = curve(hour)
    hour.restart_kernel()
    hour.open_notebook("hour.ipynb")
    hour.run_cell("spin.open(")
    hour.run_cell("s.curves")
    assert until(lambda: curve(hour) == before, page=hour.page, what="the curve of before")


def curve(lab) -> list[dict]:
    """Band and line of ``s.curves``, and its title."""
    plot = output(lab, "s.curves").locator(".js-plotly-plot")
    plot.locator(".main-svg").first.wait_for()
    return plot.evaluate(
        """({ data, layout }) => [...data.slice(0, 3).map(({ x, y }) => ({ x: [...x], y: [...y] })),
                                 layout.annotations[0].text]"""
    )
