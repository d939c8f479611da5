"""``s.review``: doubtful labels come first, with reasons; what was kept or changed stays reviewed; audits stay out."""

from __future__ import annotations

import json

import polars as pl
import pytest

import spin_nb as spin


@pytest.fixture
def s(project):
    return project()


class Page:
    """A page of the review, as the widget hears it."""

    def __init__(self, s, client="page-1"):
        s.review.queue  # noqa: B018  the labels are doubted
        self.s, self.client, self.seq = s, client, 0

    @property
    def cards(self):
        return self.s._view_data.review_channel.queue_cards(16)[0]

    def say(self, kind, id=None, value=None):
        self.seq += 1
        entry = {"seq": self.seq, "kind": kind, "id": id, "value": value, "shown_ms": 900}
        return self.s._view_data.review_channel.apply(self.client, [entry])


def label_with_errors(s, digits, n=100, errors=(10, 40, 70)):
    """Label the first ``n`` items, these positions among them wrong; the items of these."""
    ids = s.pool.ids[:n]
    wrong = {ids[at]: str((int(digits.truth(s, ids[at])) + 1) % 10) for at in errors}
    s.label({id: digits.truth(s, id) for id in ids} | wrong)
    return list(wrong)


def last(s):
    return s.history.tail(1).to_dicts()[0]


def test_planted_errors_come_first_with_a_reason(s, digits):
    wrong_ids = label_with_errors(s, digits)
    queue = s.review.queue
    assert queue.columns == ["item", "label", "annotator", "time", "doubt", "reason"]
    assert set(queue["item"].head(3)) == set(wrong_ids)
    assert (queue["doubt"].head(3) > 0.5).all()
    assert queue["doubt"].is_sorted(descending=True)
    truths = [digits.truth(s, id) for id in queue["item"].head(3)]
    for truth, reason in zip(truths, queue["reason"].head(3), strict=True):
        assert f"the model says {truth}" in reason
    assert len(queue) == 100


def test_a_card_has_the_label_who_gave_it_and_why_it_is_doubted(s, digits):
    wrong_ids = label_with_errors(s, digits)
    card = Page(s).cards[0]
    assert card["id"] in wrong_ids
    assert (card["kind"], card["label"]) == ("label", s.values[card["id"]])
    assert card["review"]["annotator"] == "ada"
    assert card["review"]["doubt"] > 0.5
    assert any("the model says" in reason for reason in card["review"]["reasons"])
    json.dumps(card["review"])


def test_a_label_that_is_kept_is_an_event_and_holds_as_before(s, digits):
    label_with_errors(s, digits)
    page = Page(s)
    first, second = page.cards[:2]
    labels, before = s.labels, s.model.predictive.mean.copy()
    answer = page.say("keep", first["id"], first["label"])
    assert (answer["error"], answer["refused"], answer["n_labels"]) == (None, [], 1)
    event = last(s)
    assert (event["kind"], event["item"], event["value"], event["annotator"]) == (
        "keep",
        first["id"],
        first["label"],
        "ada",
    )
    assert s.labels.equals(labels)
    assert (s.model.predictive.mean == before).all()
    assert page.cards[0]["id"] == second["id"]


def test_the_key_of_its_own_class_keeps_a_label(s, digits):
    label_with_errors(s, digits)
    page = Page(s)
    card = page.cards[0]
    page.say("label", card["id"], card["label"])
    assert last(s)["kind"] == "keep"


def test_a_label_that_is_changed_trains_and_says_that_a_review_gave_it(s, digits):
    label_with_errors(s, digits)
    page = Page(s)
    id = page.cards[0]["id"]
    page.say("label", id, digits.truth(s, id))
    event = last(s)
    assert (event["kind"], event["value"]) == ("label", digits.truth(s, id))
    assert json.loads(event["source"]) == {"by": "review"}
    assert s.values[id] == digits.truth(s, id)
    assert id not in s.review.queue["item"]


def test_what_was_reviewed_stays_so_after_a_restart(s, project, digits):
    label_with_errors(s, digits)
    page = Page(s)
    kept, changed, flagged = (card["id"] for card in page.cards[:3])
    page.say("keep", kept, s.values[kept])
    page.say("label", changed, digits.truth(s, changed))
    page.say("flag", flagged)
    s.close()
    again = project()
    assert not {kept, changed, flagged} & set(again.review.queue["item"])
    assert len(again.review.queue) == 97


def test_undo_brings_a_label_back_to_be_reviewed_after_a_restart_too(s, project, digits):
    label_with_errors(s, digits)
    page = Page(s)
    kept, changed = (card["id"] for card in page.cards[:2])
    page.say("keep", kept, s.values[kept])
    page.say("label", changed, digits.truth(s, changed))
    s.close()
    again = project()
    undone = [Page(again, "page-2").say("undo")["undone"]]
    undone.append(again.undo())
    assert undone == [[{"seq": 1, "id": changed, "n": 1}], kept]
    assert {kept, changed} <= set(again.review.queue["item"])


def test_a_label_that_changes_after_its_review_comes_again(s, digits):
    label_with_errors(s, digits)
    page = Page(s)
    card = page.cards[0]
    page.say("keep", card["id"], card["label"])
    assert card["id"] not in s.review.queue["item"]
    s.label(card["id"], str((int(card["label"]) + 3) % 10))
    assert card["id"] in s.review.queue["item"].head(1)


def test_what_another_label_replaced_meanwhile_is_not_kept(s, digits):
    label_with_errors(s, digits)
    page = Page(s)
    card = page.cards[0]
    s.label(card["id"], digits.truth(s, card["id"]))
    answer = page.say("keep", card["id"], card["label"])
    assert "Look at it again" in answer["refused"][0]["what"]
    assert last(s)["kind"] == "label"


def test_unsure_takes_a_label_back(s, digits):
    label_with_errors(s, digits)
    page = Page(s)
    id = page.cards[0]["id"]
    page.say("unsure", id)
    assert id not in s.values
    assert id not in s.review.queue["item"]


def test_audits_are_left_out_and_not_changed_in_a_review(s, digits):
    s.audit.share = 0.5
    label_with_errors(s, digits)
    digits.label(s, s.ask(20).ids)
    audits = set(s.labels.filter(pl.col("audit"))["item"])
    assert audits
    assert not audits & set(s.review.queue["item"])
    assert f"{len(audits)} that audit are left out" in repr(s.review)
    n_events, audit = len(s.history), min(audits)
    for kind, value in (("keep", s.values[audit]), ("label", "3"), ("flag", None), ("unsure", None)):
        page = Page(s, f"page-{kind}")
        assert "audits" in page.say(kind, audit, value)["refused"][0]["what"]
    assert len(s.history) == n_events
    s.audit.release()
    assert audits <= set(s.review.queue["item"])


def test_near_duplicates_with_different_labels_are_named(tmp_path, digits):
    images = digits.images[:60].copy()
    images[59] = images[3]
    with spin.open(tmp_path / "p.spin", pool=images, classes=digits.classes, annotator="ada") as s:
        ids, truth = s.pool.ids, str(digits.names[3])
        other = str((int(truth) + 1) % 10)
        s.label({id: str(digits.names[at]) for at, id in enumerate(ids)} | {ids[59]: other})
        row = s.review.queue.filter(pl.col("item") == ids[3]).to_dicts()[0]
        assert f"nearly the same as {ids[59]}, which is {other}" in row["reason"]
        assert row["doubt"] >= 0.5


def test_annotators_who_disagree_are_named_until_one_reviews_it(s, project, digits):
    label_with_errors(s, digits, 20, ())
    id, truth = s.pool.ids[2], digits.truth(s, s.pool.ids[2])
    s.close()
    bob = project(annotator="bob")
    bob.label(id, str((int(truth) + 1) % 10))
    row = bob.review.queue.filter(pl.col("item") == id).to_dicts()[0]
    assert f"ada says {truth}" in row["reason"]
    assert (row["annotator"], row["doubt"] >= 0.5) == ("bob", True)
    Page(bob).say("label", id, truth)
    assert id not in bob.review.queue["item"]


def test_annotators_who_mean_the_same_class_by_two_names_agree(s, project, digits):
    label_with_errors(s, digits, 20, ())
    id, truth = s.pool.ids[2], digits.truth(s, s.pool.ids[2])
    s.classes.rename(truth, "renamed")
    s.close()
    bob = project(annotator="bob")
    bob.label(id, "renamed")
    row = bob.review.queue.filter(pl.col("item") == id).to_dicts()[0]
    assert row["label"] == "renamed"
    assert "ada" not in row["reason"]


def test_reasons_name_a_class_as_it_is_called_now(s, digits):
    (wrong,) = label_with_errors(s, digits, errors=(10,))
    truth = digits.truth(s, wrong)
    assert f"the model says {truth}" in s.review.queue["reason"][0]
    s.classes.rename(truth, "renamed")
    row = s.review.queue.filter(pl.col("item") == wrong).to_dicts()[0]
    assert "the model says renamed" in row["reason"]


def test_numbers_far_from_what_is_predicted_come_first(tmp_path):
    import numpy as np

    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 3))
    truth = np.clip(50 + 12 * x[:, 0] + rng.normal(size=120), 0, 100)
    frame = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2]})
    with spin.open(tmp_path / "p.spin", pool=frame, task=spin.Number(0, 100)) as s:
        ids = s.pool.ids
        labels = dict(zip(ids, truth.round(1).tolist(), strict=True))
        wrong = {ids[at]: 95.0 if truth[at] < 50 else 5.0 for at in (10, 50, 90)}
        s.label(labels | wrong)
        queue = s.review.queue
        assert set(queue["item"].head(3)) == set(wrong)
        assert (queue["doubt"].head(3) > 0.5).all()
        assert (queue["doubt"] > 0.5).sum() <= 5
        assert "standard deviations away" in queue["reason"][0]


def test_where_nothing_is_learnt_of_labels_it_is_said(tmp_path):
    with spin.open(tmp_path / "p.spin", pool=["a b", "c d"] * 5, task=spin.FreeText()) as s:
        s.label(dict.fromkeys(s.pool.ids, "a text"))
        assert len(s.review.queue) == 0
        assert "nothing is learnt of labels that are a text to write" in repr(s.review)


def test_before_the_first_label_there_is_nothing_to_review(s):
    assert s.review.queue.shape == (0, 6)
    assert "No label is to be reviewed" in repr(s.review)


def test_hostile_names_stay_text(tmp_path):
    evil = ["<img src=x onerror=alert(1)>", "'; DROP TABLE events; --"]
    with spin.open(
        tmp_path / "p.spin", pool=["a b c", "d e f"] * 10, classes=evil, annotator="<b>eve</b>"
    ) as s:
        s.label({id: evil[at % 2] for at, id in enumerate(s.pool.ids)})
        s.label(s.pool.ids[0], evil[1])
        page = Page(s)
        card = page.cards[0]
        assert card["review"]["annotator"] == "<b>eve</b>"
        assert page.say("keep", card["id"], card["label"])["refused"] == []
        assert last(s)["value"] == card["label"]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("skip", {}),
        ("keep", {"value": None}),
        ("keep", {"id": "nobody"}),
        ("keep", {"id": None}),
        ("keep", {"id": []}),
        ("label", {"value": "no class"}),
    ],
)
def test_what_a_page_says_wrongly_is_refused_and_nothing_stored(s, digits, kind, fields):
    label_with_errors(s, digits, 20, ())
    page = Page(s)
    n_events, card = len(s.history), page.cards[0]
    entry = {"id": card["id"], "value": card["label"], **fields}
    assert len(page.say(kind, **entry)["refused"]) == 1
    assert len(s.history) == n_events
