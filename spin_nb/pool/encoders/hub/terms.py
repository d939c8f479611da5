"""Terms on which weights of the hub may be used: of the words, and as a model's own card states them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from spin_nb.pool.encoders.pretrained import Terms

_CARD = "README.md"
_FREE = ("apache-2.0", "mit", "bsd", "cc0", "cc-by-4.0", "cc-by-3.0", "cc-by-sa", "unlicense", "isc")
_MARKS_OF_LIMITS = ("-nc", "noncommercial", "non-commercial", "research")


@dataclass(frozen=True)
class HubWeights(Terms):
    """Weights of a model on the hub.

    Attributes
    ----------
    repository : str
        "owner/name" on the hub.
    extra : str
        Of spin_nb, which brings the library that loads it.

    Examples
    --------
    >>> print(HubWeights("x", "X, trained on all", "CC-BY-NC-4.0", False, 88, "ann/x", "hub"))
    x: X, trained on all. Licence CC-BY-NC-4.0, NOT for commercial use; 88 MB from ann/x on the Hugging Face hub.
    """

    repository: str
    extra: str

    @property
    def origin(self) -> str:
        """The repository."""
        return f"{self.repository} on the Hugging Face hub"


def terms_of_folder(word: str, repository: str, folder: Path, extra: str) -> HubWeights:
    """Terms of a model that has no word of its own: those its card states.

    Examples
    --------
    >>> import tempfile
    >>> terms_of_folder("hf:ann/x", "ann/x", Path(tempfile.mkdtemp()), "hub").licence
    'not stated'
    """
    licence = _licence(folder)
    size = sum(path.stat().st_size for path in folder.rglob("*.safetensors"))
    return HubWeights(
        word=word,
        model=repository,
        licence=licence or "not stated",
        commercial=allows_commercial_use(licence),
        megabytes=max(1, round(size / 1e6)),
        repository=repository,
        extra=extra,
    )


def allows_commercial_use(licence: str | None) -> bool | None:
    """Tell whether a licence, as cards name it, allows commercial use; None where that is not known.

    Examples
    --------
    >>> allows_commercial_use("apache-2.0"), allows_commercial_use("cc-by-nc-4.0"), allows_commercial_use("other")
    (True, False, None)
    """
    name = (licence or "").lower()
    if any(mark in name for mark in _MARKS_OF_LIMITS):
        return False
    return True if name.startswith(_FREE) else None


def _licence(folder: Path) -> str | None:
    """Licence in the head of a model's card, which lies between two lines of dashes."""
    try:
        text = (folder / _CARD).read_text(encoding="utf-8")[:20_000]
    except (OSError, ValueError):
        return None
    head = text.split("---", 2)[1] if text.startswith("---") else ""
    names = {
        key: value.strip(" '\"")
        for key, value in re.findall(r"^(license|license_name):[ \t]*([^\n#]+)", head, flags=re.MULTILINE)
    }
    name = names.get("license")
    return names.get("license_name", name) if name == "other" else name
