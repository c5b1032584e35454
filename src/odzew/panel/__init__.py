"""The Customer Panel: server-rendered pages at `/panel/` for customers and operators."""
