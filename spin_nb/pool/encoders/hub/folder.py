"""The folder with a model's files: brought by a person, in the hub's cache, or fetched into it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Thread
from typing import Any

from spin_nb.errors import PoolError
from spin_nb.pool.encoders.weights_file import MissingWeightsError, digest_of_file, reading_weights
from spin_nb.words import listing, said_by, shown

ANSWER_SECONDS = 5.0
"""The hub is asked once, and called unreachable when it has not answered by then."""
_DEADLINE_SECONDS = 8.0  # looking up its name is not covered by the library's own limit
_WEIGHTS = "model.safetensors"
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_FILES = ("*.json", "*.txt", "*.model", "README.md")


def local_folder(path: Path | str, weights: str = _WEIGHTS) -> Path:
    """Folder of a model that a person brings.

    It is one with config.json and weights side by side, as ``hf download --local-dir`` makes it, or one of the hub's
    cache ("models--owner--name").

    Raises
    ------
    PoolError
        When it is no such folder.
    """
    try:
        folder = Path(path).expanduser()
        is_folder, is_file = folder.is_dir(), folder.is_file()
    except (TypeError, ValueError, OSError, RuntimeError):
        is_folder = is_file = False
    if not is_folder:
        what = "is a file" if is_file else "is no folder"
        raise PoolError(f"weights={shown(path)} {what}.", "Pass the folder with config.json and the weights.")
    folder = _snapshot(folder)
    check_complete(folder, weights)
    return folder


def _snapshot(folder: Path) -> Path:
    """The current revision of a folder of the hub's cache; any other folder itself."""
    if not (folder / "snapshots").is_dir():
        return folder
    try:
        return folder / "snapshots" / (folder / "refs" / "main").read_text(encoding="utf-8").strip()
    except OSError:
        return next(iter(sorted((folder / "snapshots").iterdir())), folder)


def check_complete(folder: Path, weights: str = _WEIGHTS, needs: Iterable[str] = ()) -> None:
    """Refuse a folder without weights that can be read safely, or without another file that is needed.

    Raises
    ------
    PoolError
    """
    with reading_weights(folder):
        names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if not names:
        raise PoolError(
            f"the folder {folder.name!r} is empty.", f"Put the model's files into it: {weights}, ..."
        )
    index = f"{weights}.index.json"
    absent = [name for name in _shards(folder / index, weights) if not (folder / name).is_file()]
    if absent:
        pickles = [name for name in names if name.endswith(_PICKLES)]
        if pickles and absent == [weights]:
            raise PoolError(
                f"the folder {folder.name!r} holds its weights as a pickle ({pickles[0]}), which can run code: it is "
                "not read.",
                f"Convert it: safetensors.torch.save_file(torch.load({pickles[0]!r}, weights_only=True), {weights!r}).",
            )
        raise PoolError(
            f"the folder {folder.name!r} has no {listing(absent, 3)}; it holds {listing(names, 8)}.",
            "Copy the missing files from the model's page into it.",
        )
    for name in needs:
        if name not in names:
            raise PoolError(
                f"the folder {folder.name!r} has no {name}; it holds {listing(names, 8)}.",
                "Copy it from the model's page into the folder.",
            )


def _shards(index: Path, weights: str) -> list[str]:
    """Names of the files that hold the weights: one, or those an index lists."""
    if (index.parent / weights).is_file() or not index.is_file():
        return [weights]
    try:
        return sorted({str(name) for name in json.loads(index.read_bytes())["weight_map"].values()})
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return [weights]


def digest_of(folder: Path, weights: str = _WEIGHTS) -> str:
    """sha256 of everything in a model's folder that decides what it computes.

    Raises
    ------
    PoolError
        When the system does not let a file be read.
    """
    patterns = ("*.json", "*.txt", "*.model", *_weight_patterns(weights))
    paths = sorted({path for pattern in patterns for path in folder.rglob(pattern) if path.is_file()})
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(folder).as_posix()} {digest_of_file(path)}\n".encode())
    return digest.hexdigest()


def _weight_patterns(weights: str) -> tuple[str, ...]:
    return (weights, weights.replace(".safetensors", "-*.safetensors"))


def hub_folder(repository: str, word: str, bring: str, weights: str = _WEIGHTS) -> Path:
    """Folder of a model in the hub's cache; what is not there is fetched, once.

    Nothing is asked of the network where the cache has all of it.

    Parameters
    ----------
    repository : str
        "owner/name".
    word : str
        The encoder's, for messages.
    bring : str
        Code that makes the encoder from a folder.
    weights : str
        Name of the file with the weights.

    Raises
    ------
    MissingWeightsError
        When it is not there and the hub cannot be reached, at once; with what to bring.
    PoolError
        When the hub has no such model, or only with terms to accept first, or none that can be read safely.
    """
    import huggingface_hub

    patterns = [*_FILES, *_weight_patterns(weights), *(f"*/{name}" for name in _weight_patterns(weights))]
    try:
        folder = Path(
            huggingface_hub.snapshot_download(repository, allow_patterns=patterns, local_files_only=True)
        )
        check_complete(folder, weights)
        return folder
    except (PoolError, OSError, ValueError):  # not there, or not all of it
        pass
    info = _ask_hub(repository, word, bring)
    _check_offered([file.rfilename for file in info.siblings or ()], repository, weights)
    print(f"{word}: fetching {repository} from the Hugging Face hub, this once.")
    try:
        folder = Path(
            huggingface_hub.snapshot_download(
                repository, allow_patterns=patterns, etag_timeout=ANSWER_SECONDS
            )
        )
    except Exception as problem:  # of the library, its client, the network and the disk
        raise _unreachable(repository, word, bring, said_by(problem)) from None
    check_complete(folder, weights)
    return folder


def _check_offered(names: list[str], repository: str, weights: str) -> None:
    if weights in names or f"{weights}.index.json" in names:
        return
    pickles = [name for name in names if name.endswith(_PICKLES)]
    what = f"only as a pickle ({pickles[0]}), which can run code" if pickles else f"not as {weights}"
    raise PoolError(
        f"{repository} offers its weights {what}: they are not fetched.",
        "Use another model, or convert a copy to safetensors and pass its folder: weights=path.",
    )


def _ask_hub(repository: str, word: str, bring: str) -> Any:
    """Ask the hub about a model.

    Raises
    ------
    MissingWeightsError, PoolError
    """
    import huggingface_hub
    from huggingface_hub import constants, errors

    if constants.HF_HUB_OFFLINE or os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        raise _unreachable(repository, word, bring, "HF_HUB_OFFLINE is set")
    try:
        return _before_deadline(
            lambda: huggingface_hub.HfApi().model_info(repository, timeout=ANSWER_SECONDS)
        )
    except errors.GatedRepoError:
        raise PoolError(
            f"{repository} may be fetched only by who has accepted its terms.",
            "Accept them on its page, run hf auth login, and open again.",
        ) from None
    except errors.RepositoryNotFoundError:
        raise PoolError(
            f"the hub has no model {repository!r}, or shows it to nobody.",
            "Check its name, owner/name; for one of your own, run hf auth login.",
        ) from None
    except errors.HFValidationError:
        raise PoolError(f"{shown(repository)} is no name of a model.", "Pass owner/name.") from None
    except Exception as problem:  # of the client and the network, whatever it is
        raise _unreachable(repository, word, bring, said_by(problem)) from None


def _unreachable(repository: str, word: str, bring: str, why: str) -> MissingWeightsError:
    folder = repository.rpartition("/")[2]
    return MissingWeightsError(
        f"the weights of {word!r} are not on this machine, and the hub cannot be reached: {why}.",
        f'Where there is a network, run: hf download {repository} --local-dir "{folder}"; copy that folder here and '
        f"pass it: encoder={bring.format(folder=folder)}.",
    )


def _before_deadline(ask: Callable[[], Any]) -> Any:
    """The answer of ``ask``, or TimeoutError: a name that is looked up in vain can take minutes."""
    answers: list[Any] = []
    problems: list[Exception] = []

    def run() -> None:
        try:
            answers.append(ask())
        except Exception as problem:
            problems.append(problem)

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(_DEADLINE_SECONDS)
    if problems:
        raise problems[0]
    if not answers:
        raise TimeoutError(f"no answer within {_DEADLINE_SECONDS:.0f} seconds")
    return answers[0]
