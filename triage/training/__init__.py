"""Learning: the only place with scikit-learn and skl2onnx; serving never imports it."""
