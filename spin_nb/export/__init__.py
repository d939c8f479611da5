"""Bundles that run without this package: an ONNX graph, its manifest and its proof."""
