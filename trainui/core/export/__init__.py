"""What leaves the terminal: a finished run or a study as Markdown, JSON and a picture."""
