"""S2: an Audio Spectrogram Transformer fine-tuned with a warm-up that ruins it, without one, and with a right one."""
