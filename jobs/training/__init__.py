"""What every training system of the project shares: settings, the loop, checkpoints, reports."""
