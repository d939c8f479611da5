"""The map follows the session, tells it what was selected, and never leads the person."""

import asyncio
import gzip

import numpy as np
import pytest

from spin_nb.errors import UnknownWordError
from spin_nb.session.label_commands import BulkReport
from spin_nb.views.base import library
from spin_nb.views.map import colours as map_colours
from spin_nb.views.map.view import MapView, _marks
from tests.views.conftest import DrawnSession


@pytest.fixture
def view(drawn):
    return MapView(drawn)


def colour_of(view, row):
    return view.scatter.color[int(view.scatter.points[row, 2])]


def test_before_the_first_label_every_point_is_grey_and_the_legend_says_what_to_do(view):
    assert view.scatter.points.shape == (120, 4)
    assert view.scatter.points.dtype == np.float32
    assert len({tuple(colour_of(view, row)) for row in range(120)}) == 1
    assert "Label a few items" in view.panel.legend["note"]


def test_a_label_recolours_the_map_without_moving_it(view, drawn):
    before = view.scatter.points.copy()
    drawn.label(0, 1, 2)
    after = view.scatter.points
    assert np.array_equal(before[:, :2], after[:, :2])
    assert not np.array_equal(before[:, 2], after[:, 2])
    assert view.scatter.transition_points is False
    assert view.scatter.non_spatial_points_update is True


def test_labelled_points_are_opaque_dots_drawn_last_that_hide_no_uncertainty(view, drawn):
    drawn.label(7)
    state = int(view.scatter.points[7, 3])
    assert view.scatter.size[state] < view.scatter.size[0]
    assert view.scatter.opacity[state] == 1.0
    assert view.scatter.point_order[-1] == 7


@pytest.mark.parametrize("word", ["Predicted class", "Label", "width"])
def test_labelled_points_are_the_larger_ones_where_their_colour_says_something(view, drawn, word):
    drawn.label(7)
    view.coloured_by = word
    assert view.scatter.size[map_colours.HAS_LABEL] > view.scatter.size[map_colours.NO_LABEL]


def test_points_move_to_a_new_layout_and_only_then(drawn):
    view = MapView(drawn)
    moved = []
    view.scatter.observe(lambda change: moved.append(change["new"]), "transition_points")
    drawn.move()
    assert moved[0] is True
    assert view.scatter.transition_points is False, "recolouring during a move is refused by the browser"
    assert view.panel.status == "120 items, UMAP layout of photo"


def test_points_move_where_the_features_are_others_and_the_map_says_which(drawn):
    view = MapView(drawn)
    moved = []
    view.scatter.observe(lambda change: moved.append(change["new"]), "transition_points")
    drawn.encoder_name = "photo+efficientnet-lite"
    drawn.events.layout.emit("pca")
    assert moved[0] is True
    assert view.panel.status == "120 items, PCA layout of photo+efficientnet-lite"


def test_the_layout_is_fitted_into_view_with_its_proportions_kept(view, drawn):
    drawn.layout, drawn.layout_name = np.array([[0, 0], [100, 0], [0, 10]] * 40, np.float32), "umap"
    drawn.events.layout.emit("umap")
    xy = view.scatter.points[:, :2]
    assert np.abs(xy).max() <= 1
    assert np.ptp(xy[:, 0]) / np.ptp(xy[:, 1]) == pytest.approx(10, rel=1e-5)


def test_a_lasso_sets_the_sessions_selection_and_the_session_sets_the_maps(view, drawn):
    view.scatter.selection = np.array([3, 9], np.uint32)
    assert drawn.selected == ["img_3", "img_9"]
    drawn.selected = ["img_5"]
    assert view.scatter.selection.tolist() == [5]
    view.scatter.selection = np.array([], np.uint32)
    assert drawn.selected == []


def test_the_card_shows_the_item_under_the_pointer_with_its_prediction(view, drawn):
    drawn.label(0, 1, 2, 3, 4)
    view.scatter.hovering = 40
    card = view.panel.item
    assert view.hover_id == card["id"] == "img_40"
    assert card["data"] == "item <i>40</i>", "text, to be drawn as text"
    assert card["bars"][0]["p"] == pytest.approx(drawn.predictive.mean[40].max())
    assert dict(card["facts"])["epistemic"].endswith("nats")
    view.scatter.hovering = None
    assert view.hover_id == ""
    assert view.panel.item["id"] == ""


def test_the_card_keeps_the_models_opinion_back_while_an_item_is_asked(view, drawn):
    drawn.label(0, 1, 2, 3, 4)
    drawn.events.asked.emit(("img_40",))
    view.scatter.hovering = 40
    assert "bars" not in view.panel.item
    assert [name for name, _ in view.panel.item["facts"]] == []
    assert view.scatter.points[40, 3] == map_colours.IS_ASKED
    drawn.label(40)
    view.scatter.hovering = None
    view.scatter.hovering = 40
    assert view.panel.item["bars"]


def test_it_can_be_coloured_by_class_label_and_any_column(view, drawn):
    drawn.label(0, 1, 2, 3, 4)
    view.coloured_by = "Predicted class"
    assert sum(entry["count"] for entry in view.panel.legend["entries"]) == 120
    view.coloured_by = "Label"
    assert view.panel.legend["entries"][-1] == {"name": "not labelled", "colour": "#9a9a9a", "count": 115}
    view.coloured_by = "width"
    assert view.panel.legend["ramp"]
    view.coloured_by = "line"
    assert [entry["name"] for entry in view.panel.legend["entries"]] == ["<b>0</b>", "<b>1</b>", "<b>2</b>"]


def test_clusters_are_looked_for_once_umap_is_there_and_then_coloured(view, drawn):
    view.coloured_by = "Map cluster"
    assert "looked for" in view.panel.legend["note"]
    assert drawn.cluster_searches == 0
    drawn.move()
    view.redraw()
    assert drawn.cluster_searches >= 1
    drawn.cluster_index = np.arange(120) % 4 - 1
    drawn.events.layout.emit("umap")
    assert [entry["name"] for entry in view.panel.legend["entries"]] == ["0", "1", "2", "in none"]


def test_the_persons_choice_in_the_panel_colours_the_map(view):
    view.panel.choice = view.panel.choices.index("width")
    assert view.coloured_by == "width"
    with pytest.raises(UnknownWordError, match="no colouring is called 'depth'"):
        view.coloured_by = "depth"


def test_choices_that_a_page_sets_do_not_change_what_the_map_can_show(view, caplog):
    for choices in ([], ["zz"]):
        view.panel.set_state({"choices": choices})
        view.redraw()
    for choice, word in ((-5, 0), (1000, -1)):
        view.panel.set_state({"choice": choice})
        assert view.coloured_by == view._words[word]
    view.coloured_by = "Label"
    assert view.panel.legend["title"] == "Labels"
    assert caplog.records == []


def test_the_page_turning_dark_turns_the_map_dark(view, drawn):
    drawn.label(0, 1)
    bright = view.scatter.color
    with view.theme.hold_trait_notifications():
        view.theme.dark, view.theme.paper = True, "#111111"
    assert view.scatter.background_color == "#111111"
    assert view.scatter.color != bright


def test_arrivals_join_the_map_and_have_no_value_in_the_pools_columns(view, drawn):
    view.coloured_by = "width"
    drawn.layout = np.vstack([drawn.layout, [[0.0, 0.0]]]).astype(np.float32)
    drawn.label_index = np.append(drawn.label_index, -1)
    drawn.events.watched.emit(1)
    assert len(view.scatter.points) == 121
    assert view.panel.legend["entries"] == [{"name": "missing", "colour": "#9a9a9a", "count": 1}]


def test_an_error_while_drawing_is_shown_and_does_not_reach_the_command(view, drawn):
    drawn.layout = "broken"
    drawn.label(0)
    assert view.panel.status


def test_the_script_waits_for_its_turn_to_draw_and_other_plots_keep_theirs(view):
    from jscatter.widget import JupyterScatter

    text = gzip.decompress(library._OPEN["scatter"].packed).decode()
    assert "spinWaiting" in text
    assert library._OPEN["scatter"].key in view.scatter._esm
    assert len(view.scatter._esm) < 20_000, "jupyter-scatter itself crosses once, packed"
    assert "spinWaiting" not in str(JupyterScatter._esm)


def test_in_a_notebook_the_map_says_that_it_loads_and_then_is_drawn(drawn):
    async def cell():
        view, told = MapView(drawn), []
        view.when_drawn(lambda: told.append(view.scatter.points.shape))
        at_once = (view.children[0].value, view.panel.status, list(told))
        for _ in range(200):
            await asyncio.sleep(0.05)
            if told:
                break
        return at_once, told, view.children[0] is view.scatter

    at_once, told, is_there = asyncio.run(cell())
    assert at_once == ("Loading the map of parts.spin …", "", [])
    assert told == [(120, 4)]
    assert is_there


def test_the_panel_follows_labels_of_the_item_it_shows(view, drawn):
    drawn.label(0, 1, 2, 3)
    drawn.selected = ["img_7", "img_8"]
    assert not any(fact[0] == "label" for fact in view.panel.item["facts"])
    drawn.label(7, 8)
    assert ["label", repr(drawn.classes[drawn.truth[7]])] in [
        [fact[0], repr(fact[1])] for fact in view.panel.item["facts"]
    ]


class Labelling(DrawnSession):
    """A session in which many can be labelled at once."""

    def decide_together(self, kind, ids, value, source):
        self.gesture = dict.fromkeys(ids, (kind, value))
        self.events.labelled.emit(tuple(ids))
        return BulkReport(tuple(ids), left_out=("img_4",))

    def revert(self, kind):
        return list(self.gesture)


def test_a_class_key_labels_what_is_selected_and_says_so_beside_the_map():
    session = Labelling()
    view = MapView(session)
    assert (view.panel.names, view.panel.n_selected) == (session.classes, 0)
    session.selected = ["img_3", "img_9"]
    assert view.panel.n_selected == 2
    assert "s.grid shows them. A class key labels them all" in view.panel.item["note"]
    view.panel._receive(None, {"call": 1, "verb": "label", "class": 1}, [])
    assert session.gesture == {"img_3": ("label", "crack"), "img_9": ("label", "crack")}
    assert view.panel.notice.startswith("Labelled 2 items as crack. Left out: 1 being asked")
    view.panel._receive(None, {"call": 2, "verb": "undo"}, [])
    assert view.panel.notice == "Took back 2 items."


def test_more_like_this_selects_what_is_similar_and_a_label_says_so():
    session = Labelling()
    view = MapView(session)
    view.panel._receive(None, {"call": 1, "verb": "similar", "id": "img_3"}, [])
    assert session.selected[:2] == ["img_4", "img_5"]
    assert session.selected_by == "similar to img_3"
    assert view.panel.notice.startswith(f"Selected {len(session.selected)} items similar to img_3")


@pytest.mark.parametrize("number", [3, -1, "1", None])
def test_a_class_that_is_none_labels_nothing(number):
    session, sent = Labelling(), []
    view = MapView(session)
    session.selected = ["img_3"]
    view.panel.send = lambda content, buffers=None: sent.append(content)
    view.panel._receive(None, {"call": 1, "verb": "label", "class": number}, [])
    assert "problem" in sent[-1]
    assert not hasattr(session, "gesture")


def test_the_height_is_the_screens_until_somebody_says_how_high(view):
    assert (view.height, view.scatter.height) == (0, 0)
    view.height = 800
    assert view.scatter.height == 800
    view.scatter.height = 500
    assert view.height == 500


@pytest.mark.parametrize("n", [300, 2_000, 10_003, 100_000])
def test_a_point_can_be_pointed_at_however_many_there_are(n):
    size, _ = _marks(n, only_marks_labels=True)
    assert min(size) >= 3
