"""Taking runs elsewhere: event files, Parquet, other trackers' own files, and an archive that import reads back."""
