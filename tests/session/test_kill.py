"""Kill -9 of a real kernel right after an acknowledged label, 50 times: all there, none twice."""

from __future__ import annotations

import json
import time

import pytest

import spin_nb as spin
from spin_nb.project.store import Store
from tests.waiting import PATIENCE_SECONDS

KILLS = 50
N = 600  # entries a patient person would have typed

OPEN = """
import json, spin_nb as spin
s = spin.open({path!r}, annotator="ada")
"""

# What the labeller's outbox does: send from the first entry that is not acknowledged, one after another.
SEND = """
for entry in json.loads({entries!r}):
    answer = s._channel.apply("outbox", [entry])
    print(json.dumps([entry["seq"], answer["ack"], answer["error"]]), flush=True)
"""


def acknowledged(client, wanted: int) -> int:
    """Read the kernel's output until entry ``wanted`` is acknowledged; returns the last acknowledgement read."""
    end, text = time.monotonic() + PATIENCE_SECONDS, ""
    while time.monotonic() < end:
        message = client.get_iopub_msg(timeout=PATIENCE_SECONDS)
        if message["msg_type"] == "error":
            raise AssertionError("\n".join(message["content"]["traceback"]))
        if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
            text += message["content"]["text"]
            *lines, text = text.split("\n")  # a message may end anywhere, also before the end of its line
            answers = [json.loads(line) for line in lines]
            assert all(error is None for _, _, error in answers)
            if answers and answers[-1][1] >= wanted:
                return int(answers[-1][1])
    raise AssertionError("no acknowledgement")


@pytest.mark.slow
def test_every_acknowledged_label_is_there_and_none_twice(tmp_path, digits):
    from jupyter_client.manager import KernelManager

    path = str(tmp_path / "digits.spin")
    s = spin.open(path, pool=digits.images, classes=digits.classes)
    entries = [
        {"seq": i + 1, "kind": "label", "token": None, "id": id, "value": digits.truth(s, id)}
        for i, id in enumerate((s.pool.ids * 2)[:N])
    ]
    s.close()
    ack = 0
    for kill in range(KILLS):
        manager = KernelManager()
        manager.start_kernel()
        client = manager.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=PATIENCE_SECONDS)
            client.execute(OPEN.format(path=path) + SEND.format(entries=json.dumps(entries[ack:])))
            ack = acknowledged(client, ack + 1 + kill % 3)
        finally:
            manager.shutdown_kernel(now=True)  # SIGKILL
            client.stop_channels()
        with Store.open(path, read_only=True) as store:
            seqs = [e.client_seq for e in store.events()]
            assert seqs == list(range(1, len(seqs) + 1)), "an entry is missing, doubled or out of order"
            assert len(seqs) >= ack, "an acknowledged label is gone"
            assert [e.item for e in store.events()] == [e["id"] for e in entries[: len(seqs)]]
    assert ack >= KILLS
