"""Widgets are given values; they know no store and no app, and each can be run alone."""
