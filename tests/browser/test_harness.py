"""The harness itself: a notebook with a button, in a real JupyterLab."""

from __future__ import annotations

BUTTON = """
import ipywidgets
clicks = []
button = ipywidgets.Button(description="press me")
button.on_click(clicks.append)
button
"""


def test_a_widget_is_drawn_clicked_and_gone_after_a_restart(lab):
    lab.write_notebook("harness.ipynb", [BUTTON, "print(6 * 7)"])
    lab.open_notebook("harness.ipynb")
    lab.run_all()
    lab.show("button:has-text('press me')").click()
    lab.wait_kernel_idle()
    assert lab.run_code("print(len(clicks))").strip() == "1"
    assert lab.page.locator(".jp-OutputArea-output:has-text('42')").count() == 1
    lab.restart_kernel()
    assert lab.run_code("print('clicks' in globals())").strip() == "False"
    assert lab.page.problems == []


def test_nothing_covers_the_first_screen(lab):
    lab.write_notebook("first.ipynb", ["print('hello')"])
    lab.open_notebook("first.ipynb")
    lab.page.wait_for_timeout(2000)
    assert lab.page.locator(".Toastify__toast, .jp-Dialog").count() == 0
