"""Plain PyTorch models, one file per family."""
