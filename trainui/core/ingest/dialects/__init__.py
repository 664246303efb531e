"""How programs print numbers. A dialect is one file with one function: a line → what it says, or None."""
