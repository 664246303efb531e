"""HANDS: the judge of a run as the store remembers it, and what it hears beside numbers."""
