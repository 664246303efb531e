"""Files → lines → records. Reads what runs write and returns values; nothing here knows the database."""
