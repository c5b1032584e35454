"""The pull API, word for word as published."""
