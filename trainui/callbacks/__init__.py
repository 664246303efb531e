"""What tells trainui of a training that a framework runs: one file each. Nothing is imported here."""
