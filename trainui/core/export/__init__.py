"""What leaves the terminal: runs and studies told as pages, tables and pictures, or taken along to other programs."""
