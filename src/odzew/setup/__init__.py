"""The set-up file: read, compare, apply."""
