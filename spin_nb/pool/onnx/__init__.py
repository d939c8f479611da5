"""ONNX graphs of a person's own, looked into and run on the CPU."""
