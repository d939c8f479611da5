"""Kinds of items: how a raw source becomes a loaded item, and how it is shown.

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

from spin_nb.pool.modalities.audio import AudioModality
from spin_nb.pool.modalities.base import Modality
from spin_nb.pool.modalities.image import ImageModality
from spin_nb.pool.modalities.lookup import modality_for
from spin_nb.pool.modalities.multimodal import MultimodalModality
from spin_nb.pool.modalities.table import TableModality
from spin_nb.pool.modalities.text import TextModality
from spin_nb.pool.modalities.time_series import TimeSeriesModality
from spin_nb.pool.modalities.video import VideoModality

__all__ = [
    "AudioModality",
    "ImageModality",
    "Modality",
    "MultimodalModality",
    "TableModality",
    "TextModality",
    "TimeSeriesModality",
    "VideoModality",
    "modality_for",
]
