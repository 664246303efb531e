"""Points to a picture made of characters. Nothing here knows Textual or a store."""
