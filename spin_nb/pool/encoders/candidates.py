"""Encoders that ``encoder="auto"`` weighs: the quick one, and pretrained ones whose weights are installed."""

from __future__ import annotations

from spin_nb.pool.encoders import choose_encoder
from spin_nb.pool.media.extras import MissingPackageError
from spin_nb.pool.modalities.lookup import modality_class, resolve_encoder
from spin_nb.pool.pool import Pool


def candidates(pool: Pool) -> list[str]:
    """Words of the encoders to weigh, the quick one first; none where there is nothing to weigh it against.

    Nothing is fetched: weights count that lie in an installed package.
    """
    quick = choose_encoder(pool)
    others = modality_class(pool.modality).pretrained_encoders(pool.largest)
    rivals = [word for word in others if is_installed(word)]
    return [quick, *rivals] if isinstance(quick, str) and rivals else []


def is_installed(word: str) -> bool:
    """Say whether what an encoder's word needs is on this machine, and can be read."""
    try:
        resolve_encoder(word)()
    except MissingPackageError:
        return False
    return True
