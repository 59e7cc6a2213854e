"""Learning: the only place with scikit-learn; serving never imports it."""
