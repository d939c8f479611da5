"""What an item is: how a raw source becomes a loaded item, and how it is shown.

======= =============================================== ====================================
word    raw source                                      loaded item
======= =============================================== ====================================
image   path, encoded bytes, PIL image or array         uint8 (h, w) or (h, w, 3)
text    str                                             str
table   dict (name -> value) or vector (d,)             the same
series  array (length,) or (channels, length)           float32 (channels, length)
audio   path, bytes of a file, or Sound                 Sound: float32 (n,) and its rate
video   path, or frames (k, h, w, 3)                    uint8 (k, h, w, 3), k <= 8
several dict (part -> raw source)                       dict (part -> loaded item or None)
======= =============================================== ====================================
"""

from __future__ import annotations

from typing import Any

from spin_nb.pool.modalities.audio import Audio
from spin_nb.pool.modalities.image import Image
from spin_nb.pool.modalities.multimodal import Together
from spin_nb.pool.modalities.table import Table
from spin_nb.pool.modalities.text import Text
from spin_nb.pool.modalities.time_series import TimeSeries
from spin_nb.pool.modalities.video import Video
from spin_nb.pool.pool_data import Ingested

__all__ = ["Audio", "Image", "Table", "Text", "TimeSeries", "Together", "Video", "modality_for"]

_PLAIN = {"image": Image, "text": Text, "table": Table, "audio": Audio, "video": Video}


def modality_for(found: Ingested) -> Any:
    """The modality of what was found, with the facts that loading and showing need."""
    if found.modality == "several":
        return Together({name: modality_for(part) for name, part in found.data.found.items()})
    if found.modality == "series":
        about = found.about
        return TimeSeries(tuple(about["channels"]), about["step"], about["start"], about["unit"])
    return _PLAIN[found.modality]()
