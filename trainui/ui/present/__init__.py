"""Values to short text. Nothing here knows Textual: every function can be tested as a table."""
