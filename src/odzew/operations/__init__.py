"""The operator's calls: sent messages, health."""
