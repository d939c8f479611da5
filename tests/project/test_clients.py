"""A view's outbox reaches the store exactly once and in sequence, whatever the network does to it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spin_nb.errors import LabelError
from spin_nb.project import NewEvent, SequenceGapError, Store


def entry(seq):
    """Entry ``seq`` of the one outbox these tests send: mostly labels, every fourth an undo."""
    if seq % 4 == 0:
        return NewEvent("undo", annotator="ada")
    return NewEvent("label", f"i{seq}", f"value {seq}", annotator="ada")


def send(store, seqs, client="tab"):
    """Send entries in this order; those that arrive too early are refused."""
    for seq in seqs:
        try:
            store.append([entry(seq)], client=(client, seq))
        except SequenceGapError as gap:
            next_seq = gap.next_seq
        else:
            continue
        assert next_seq == store.last_seq(client) + 1 < seq


def told(store, client="tab"):
    return [(e.client_seq, e.kind, e.value) for e in store.events() if e.client == client]


def test_in_order(store):
    send(store, range(1, 9))
    assert [seq for seq, _, _ in told(store)] == list(range(1, 9))
    assert store.labels()["item"].to_list() == ["i1", "i2", "i5", "i6"]


def test_an_unknown_client_starts_at_one(store):
    assert store.last_seq("tab") == 0
    with pytest.raises(SequenceGapError) as caught:
        store.append([entry(2)], client=("tab", 2))
    assert caught.value.next_seq == 1
    assert store.events() == []


def test_sent_twice_is_stored_once(store):
    first = store.append([entry(1)], client=("tab", 1))
    assert store.append([entry(1)], client=("tab", 1)) == []
    assert store.events() == first


def test_an_undo_cannot_overtake_its_label(store):
    send(store, [1, 2, 4, 3, 4])
    assert store.labels()["item"].to_list() == ["i1", "i2"]


def test_two_tabs_do_not_disturb_one_another(store):
    send(store, [1, 2], "tab 1")
    send(store, [1, 2, 3], "tab 2")
    assert (store.last_seq("tab 1"), store.last_seq("tab 2"), len(store.events())) == (2, 3, 5)


def test_a_refused_entry_does_not_block_the_ones_behind_it(store):
    bad = NewEvent("label", "nowhere", "x", annotator="ada")
    with pytest.raises(LabelError):
        store.append([bad], client=("tab", 1))
    assert store.last_seq("tab") == 0
    store.append([], client=("tab", 1))
    send(store, [2])
    assert store.last_seq("tab") == 2


def test_the_count_goes_on_after_a_restart(store, folder):
    send(store, [1, 2, 3])
    store.close()
    with Store.open(folder) as again:
        send(again, [1, 2, 3, 4, 5])
        assert [seq for seq, _, _ in told(again)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("seq", [0, -1, True, "1", 1.0, None])
def test_a_number_that_is_none(store, seq):
    with pytest.raises(LabelError, match="whole number"):
        store.append([entry(1)], client=("tab", seq))


@pytest.mark.parametrize("client", ["", None, 7, "\ud800"])
def test_a_client_without_a_name(store, client):
    with pytest.raises(LabelError, match="client id"):
        store.append([entry(1)], client=(client, 1))


def test_a_huge_number_is_only_a_gap(store):
    with pytest.raises(SequenceGapError):
        store.append([entry(1)], client=("tab", 10**40))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(1, 12), max_size=15), max_size=4))
def test_shuffled_doubled_and_lost_entries_come_to_the_same(tmp_path_factory, batches):
    """Whatever arrives first, a complete re-send at the end leaves exactly what a perfect line would have."""
    from spin_nb.project import NewItem

    with Store.create(tmp_path_factory.mktemp("p") / "p.spin", {}) as store:
        store.add_items([NewItem(f"i{n}", 0, "image") for n in range(13)])
        for batch in batches:
            send(store, batch)
            seqs = [seq for seq, _, _ in told(store)]
            assert seqs == list(range(1, store.last_seq("tab") + 1))
        send(store, range(1, 13))
        assert [seq for seq, _, _ in told(store)] == list(range(1, 13))
        assert store.labels()["item"].to_list() == ["i1", "i2", "i5", "i6", "i9", "i10"]
