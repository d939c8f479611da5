"""Encoders that no word stands for, kept in the project as ONNX: what opening it by its path alone needs."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spin_nb.errors import PoolError, StorageError
from spin_nb.io import is_intact, write_sealed
from spin_nb.pool.encoders.onnx_output import OnnxOutput
from spin_nb.pool.onnx.graph import OnnxGraph
from spin_nb.pool.storage.pool_store import check_seal, read_json, write_json

if TYPE_CHECKING:
    from spin_nb.protocols import Encoder

_GRAPH, _FACTS = "encoder.onnx", "encoder.json"


def save_encoder(encoder: Encoder, folder: Path) -> None:
    """Save a fitted encoder that has an ONNX form.

    It is saved in the project ``folder``; what was saved before goes.

    A full disk is no reason to stop: the encoder is then asked for again.
    """
    home = folder / "pool"
    facts = {"name": encoder.name, "settings": getattr(encoder, "settings", {})}
    facts_on_disk = _facts(home)
    if facts_on_disk is not None and {name: facts_on_disk.get(name) for name in facts} == json.loads(
        json.dumps(facts)
    ):
        return
    for name in (_FACTS, _GRAPH):
        with suppress(OSError):
            (home / name).unlink(missing_ok=True)
    onnx = encoder.to_onnx() if hasattr(encoder, "to_onnx") else None
    if onnx is None:
        return
    with suppress(StorageError):
        write_sealed(home / _GRAPH, lambda half: half.write_bytes(onnx[0]))
        write_json(home / _FACTS, facts | {"output": onnx[1]})


def load_encoder(name: str, folder: Path) -> OnnxOutput | None:
    """Load the encoder of :func:`save_encoder`.

    It is None where there is none of this name, or it is damaged.
    """
    home = folder / "pool"
    facts = _facts(home)
    if facts is None or facts.get("name") != name or not is_intact(home / _GRAPH):
        return None
    try:
        encoder = OnnxOutput(OnnxGraph((home / _GRAPH).read_bytes(), _GRAPH), facts["output"])
        encoder.name, encoder.settings = facts["name"], facts["settings"]
    except (OSError, KeyError, PoolError):
        return None
    return encoder


def _facts(home: Path) -> dict[str, Any] | None:
    try:
        return check_seal(read_json(home / _FACTS), _FACTS)
    except (OSError, ValueError):
        return None
