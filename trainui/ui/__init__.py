"""The dashboard: shows what the store holds and passes on what a person wants. It decides nothing."""
