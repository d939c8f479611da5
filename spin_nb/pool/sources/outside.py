"""Where the items of a pool lie that came from somebody else."""

from __future__ import annotations

from pathlib import Path

from spin_nb.pool.pool_data import PoolData


def path_outside(data: PoolData, folder: Path) -> str | None:
    """The first folder, or file, outside ``folder`` that items are read from; None where there is none.

    Parameters
    ----------
    data : PoolData
        As it was stored, its parts too.
    folder : Path
        Links in it are followed.
    """
    home = folder.resolve()
    for part in data.parts.values():
        place = path_outside(part, folder)
        if place is not None:
            return place
    if "root" not in data.metadata:
        return None
    root = Path(data.metadata["root"])
    column = data.metadata.get("paths")
    # Of a folder's files each is looked at when it is read.
    names = data.items[column].to_list() if column else ()
    places = (root, *(root / str(name) for name in names))
    return next((str(place) for place in places if not place.resolve().is_relative_to(home)), None)
