"""The heart: what an arrival means, whose it is, what is owed for it, and how it is read."""
