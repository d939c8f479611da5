"""The labeller in a real JupyterLab: all on screen together, full screen, the keys of very many classes."""

from __future__ import annotations

from tests.waiting import until

SCREENS = {
    "1440x900": (1440, 900, False),
    "1280x720-side-bar": (1280, 720, True),
    "1920x1080": (1920, 1080, False),
}
SETUP = """
import numpy as np, spin_nb as spin
rng = np.random.default_rng(0)
photos = rng.integers(0, 255, (40, 240, 320, 3)).astype(np.uint8)
texts = [f"If my card {i} is going to expire this month, do I need to order a new one?" for i in range(90)]
series = rng.normal(size=(30, 400, 3)).cumsum(1).astype(np.float32)
intents = [f"card_payment_wrong_exchange_rate_{i}" for i in range(77)]
points = [f"paw_{i}" for i in range(17)]

def begin(name, pool, task):
    s = spin.open(name + ".spin", pool=pool, task=task, annotator="ada")
    s.audit.share = 0
    return s

texts_ = begin("fit-texts", texts, spin.Classes(intents))
texts_.label({id: intents[i % 40] for i, id in enumerate(texts_.pool.ids[:60])})
"""
FIVE = """
fits = {
    "photos": begin("fit-photos", photos, spin.Classes([str(i) for i in range(10)])),
    "texts": texts_,
    "boxes": begin("fit-boxes", photos, spin.Boxes(["car", "bike", "person"])),
    "points": begin("fit-points", photos, spin.Keypoints(points)),
    "series": begin("fit-series", series, spin.Classes(["walking", "sitting", "standing"])),
}
"""
KINDS = ("photos", "texts", "boxes", "points", "series")
MEASURE = """(root) => {
  const seen = root.closest(".jp-WindowedPanel-outer").getBoundingClientRect();
  const box = (selector) => root.querySelector(selector).getBoundingClientRect();
  const whole = ({ top, bottom, height }) => height > 0 && top >= seen.top - 1 && bottom <= seen.bottom + 1;
  const parts = [".spin-frame", ".spin-editor", ".spin-accept", ".spin-hint"];
  return {
    shown: Object.fromEntries(parts.map((part) => [part, whole(box(part))])),
    frame: box(".spin-frame").height,
    height: root.getBoundingClientRect().height,
    seen: seen.height,
    width: root.clientWidth,
  };
}"""


def bring_up(lab, kind):
    """Run the kind's cell; its labeller at the top of what is seen, with an item on it."""
    lab.run_cell(f'fits["{kind}"].labeller')
    view = lab.page.locator(".jp-Cell", has_text=f'fits["{kind}"].labeller').locator(".spin-labeller")
    view.locator(".spin-name").filter(has_text="-").wait_for()
    view.evaluate("root => root.scrollIntoView({ block: 'start' })")
    return view


def test_item_classes_and_submit_are_on_screen_together(lab):
    lab.write_notebook("fits.ipynb", [SETUP + FIVE, *(f'fits["{kind}"].labeller' for kind in KINDS)])
    lab.open_notebook("fits.ipynb")
    lab.run_cell("import numpy")
    for kind in KINDS:
        view = bring_up(lab, kind)
        for name, (width, height, with_bar) in SCREENS.items():
            lab.page.set_viewport_size({"width": width, "height": height})
            lab.page.evaluate("open => jupyterapp.shell[open ? 'expandLeft' : 'collapseLeft']()", with_bar)
            view.evaluate("root => root.scrollIntoView({ block: 'start' })")
            settle(lab.page)
            sizes = view.evaluate(MEASURE)
            for theme in ("Light", "Dark"):
                lab.set_theme(f"JupyterLab {theme}")
                lab.screenshot(f"fits-{kind}-{name}-{theme.lower()}")
            assert all(sizes["shown"].values()), f"{kind} on {name}: {sizes}"
            assert sizes["frame"] >= 120, f"{kind} on {name}: {sizes}"
    assert not lab.page.problems


def settle(page):
    """Two frames: what follows a size has followed it."""
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))))"
    )


def next_item(lab, view, item: str) -> str:
    """The item on screen, once it is another one than ``item``."""
    name = view.locator(".spin-name")
    until(lambda: name.text_content() not in ("", item), page=lab.page, what=f"an item after {item}")
    return name.text_content()


def value_of(lab, item: str) -> str:
    """The label of a text, once the kernel has it."""

    def value() -> str:
        return lab.run_code(f"print(fits['texts'].values.get({item!r}) or '')").strip()

    return until(value, page=lab.page, what=f"a label of {item}")


def test_of_77_classes_the_likeliest_are_keys_and_full_screen_is_left_by_escape(lab):
    setup = SETUP.replace("fit-texts", "fit-many") + 'fits = {"texts": texts_}'
    lab.write_notebook("fits77.ipynb", [setup, 'fits["texts"].labeller'])
    lab.open_notebook("fits77.ipynb")
    lab.run_cell("import numpy")
    view = bring_up(lab, "texts")
    view.focus()
    likely = view.locator(".spin-likeliest .spin-word")
    until(lambda: likely.count() == 5, page=lab.page, what="the five likeliest")
    # Read when the key is pressed: a training that ends meanwhile changes the order.
    view.evaluate(
        """(root) => root.addEventListener("keydown", ({ key }) => {
          if (key === "1") root.dataset.likeliest = root.querySelector(".spin-likeliest .spin-word").textContent;
        }, true)"""
    )
    item = view.locator(".spin-name").text_content()
    # USER.md 17: pre-filled at 2 to 3 %, and Enter accepted it.
    assert float(lab.run_code(f"print(texts_.predict([{item!r}]).mean.max())")) < 0.5
    assert view.locator(".spin-accept").inner_text().startswith("Submit")
    lab.page.keyboard.press("Enter")
    assert lab.run_code(f"print(texts_.values.get({item!r}))").strip() == "None"
    lab.page.keyboard.press("1")
    following = next_item(lab, view, item)
    assert value_of(lab, item) == view.get_attribute("data-likeliest")

    item = following
    lab.page.keyboard.press("/")
    lab.page.keyboard.type("rate_6")
    assert view.locator(".spin-aimed .spin-word").text_content() == "card_payment_wrong_exchange_rate_6"
    lab.page.keyboard.press("ArrowDown")
    lab.page.keyboard.press("Enter")
    next_item(lab, view, item)
    assert value_of(lab, item) == "card_payment_wrong_exchange_rate_60"

    lab.page.keyboard.press("?")
    view.locator(".spin-help").wait_for()
    lab.page.keyboard.press("Escape")
    view.locator(".spin-help").wait_for(state="hidden")
    assert lab.run_code("print(*set(texts_.history['kind']))").strip() == "label", (
        "USER.md 20: it was 'unsure'"
    )
    lab.page.keyboard.press("F9")
    lab.page.wait_for_function("() => document.fullscreenElement?.matches('.spin-labeller')")
    settle(lab.page)
    lab.screenshot("fits-full-screen")
    lab.page.keyboard.press("Escape")
    lab.page.wait_for_function("() => document.fullscreenElement === null")
    assert view.evaluate("root => document.activeElement === root")
    assert not lab.page.problems
