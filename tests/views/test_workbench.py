"""The workbench holds the session's own views and starts training."""

import ipywidgets
import numpy as np
import pytest
import traitlets

from spin_nb.session.model.audit_predictions import AuditPredictions
from spin_nb.views.charts.calibration import CalibrationView
from spin_nb.views.charts.curves import CurvesView
from spin_nb.views.charts.drift import DriftView
from spin_nb.views.grid.view import Grid
from spin_nb.views.map.view import MapView
from spin_nb.views.uncertainty.view import UncertaintyView
from spin_nb.views.workbench.view import Workbench


@pytest.fixture
def bench(drawn):
    drawn.map, drawn.labeller = MapView(drawn), ipywidgets.Label()
    drawn.labeller.add_traits(has_first_item=traitlets.Bool(True))
    drawn.audit_predictions = AuditPredictions(np.zeros((0, 3), np.float32), np.zeros(0, np.int64))
    drawn.calibration, drawn.grid = CalibrationView(drawn), Grid(drawn)
    drawn.uncertainty, drawn.curves, drawn.drift = UncertaintyView(drawn), CurvesView(drawn), DriftView(drawn)
    return Workbench(drawn)


def test_its_parts_are_the_sessions_own_views_a_plot_once_its_tab_is_opened(bench, drawn):
    assert list(bench.tabs.titles) == ["Uncertainty", "Grid", "Curves", "Calibration", "Drift"]
    views = [drawn.uncertainty, drawn.grid, drawn.curves, drawn.calibration, drawn.drift]
    for at, view in enumerate(views):
        assert (bench.tabs.children[at].children == (view,)) == (at == 0), "only where somebody looks"
    for at, view in enumerate(views):
        bench.tabs.selected_index = at
        assert bench.tabs.children[at].children == (view,)


@pytest.fixture
def noting(drawn):
    """A session that notes which views somebody asks for; its labeller has not been seen yet."""

    class Noting(type(drawn)):
        def __getattr__(self, word):
            if word not in ("map", "uncertainty", "grid", "curves", "calibration", "drift"):
                raise AttributeError(word)
            self.asked_for.append(word)
            return ipywidgets.Label(word)

    session = Noting()
    session.asked_for, session.labeller = [], ipywidgets.Label()
    session.labeller.add_traits(has_first_item=traitlets.Bool(False))
    return session


def test_the_labeller_comes_first_and_by_itself(noting):
    bench = Workbench(noting)
    assert noting.asked_for == []
    assert "parts.spin" in bench.bar.title
    loading = [place.children[0].value for place in (bench._map_place, *bench.tabs.children)]
    assert loading[0] == "Loading the map of parts.spin …"
    assert all(words.startswith("Loading") for words in loading)
    noting.labeller.has_first_item = True
    assert noting.asked_for == ["map", "uncertainty"]
    bench.tabs.selected_index = 4
    assert noting.asked_for == ["map", "uncertainty", "drift"]


def test_should_the_labeller_never_say_that_it_is_there_the_rest_comes_all_the_same(noting):
    bench = Workbench(noting)
    bench.bar._receive(None, {"call": 1, "verb": "rest"}, [])
    assert noting.asked_for == ["map", "uncertainty"]


def test_training_can_be_started_once_something_is_labelled(bench, drawn):
    assert not bench.bar.ready
    drawn.label(0, 1, 2)
    assert bench.bar.ready
    assert "3 of 120 labelled" in bench.bar.status
    bench.bar._receive(None, {"call": 1, "verb": "train"}, [])
    assert drawn.trained == 1
    assert (bench.bar.running, bench.bar.fraction, bench.bar.doing) == (True, 0.3, "fitting")


def test_a_run_is_followed_to_its_end_and_can_be_cancelled(bench, drawn):
    runs = []
    drawn.events.training.connect(runs.append)
    drawn.label(0, 1, 2)
    drawn.train()
    bench.bar._receive(None, {"call": 1, "verb": "cancel"}, [])
    assert runs[0].status == "cancelled"
    runs[0].changed.emit()
    assert not bench.bar.running
    drawn.train()
    runs[0].status = "failed"
    runs[0].changed.emit()
    assert bench.bar.running, "only the newest run is shown"


def test_the_bar_says_what_the_model_was_trained_on(bench, drawn, report):
    drawn.label(0, 1, 2)
    drawn.events.trained.emit(report)
    assert bench.bar.status.endswith("head graph on 12 labels")


def test_a_read_only_project_cannot_be_trained(bench, drawn):
    drawn.read_only = True
    drawn.label(0)
    assert not bench.bar.ready


def test_what_goes_wrong_in_the_background_is_said(bench, drawn):
    drawn.events.problem.emit("UMAP failed: out of memory")
    assert bench.bar.problem == "UMAP failed: out of memory"


def test_pointing_at_the_map_shows_the_item_in_the_uncertainty_tab_while_it_is_open(bench, drawn):
    drawn.label(0, 1, 2, 3)
    rests = drawn.uncertainty.item.item["id"]
    drawn.map.scatter.hovering = 50
    assert drawn.uncertainty.item.item["id"] == "img_50"
    drawn.map.scatter.hovering = None
    assert drawn.uncertainty.item.item["id"] == rests
    bench.tabs.selected_index = 2
    seen = len(drawn.explained)
    drawn.map.scatter.hovering = 51
    assert len(drawn.explained) == seen
