"""The engine: starts runs, reads what they write, judges it, counts the money. Knows no screen."""
