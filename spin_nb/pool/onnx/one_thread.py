"""An ONNX graph in onnxruntime on one thread a call: several calls at once keep all cores busy.

Threads of onnxruntime's own meet after every node, and beside another job they wait there longer than they work: one
picture through EfficientNet-Lite0 took 109 ms with them and 52 ms without, on two busy cores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spin_nb.errors import PoolError
from spin_nb.pool.onnx.run import EXPORT

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


def one_thread_session(content: bytes, file: str) -> InferenceSession:
    """Session of a graph; its ``run`` may be called from several threads at once.

    Raises
    ------
    PoolError
        When onnxruntime cannot load the graph; ``file`` is its name in the message.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # what matters comes back as an exception
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # its exceptions share no base of their own
        raise PoolError(f"onnxruntime cannot load {file!r}: {problem!s:.300}.", EXPORT) from None
