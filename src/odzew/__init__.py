"""Odzew receives SMS and MMS from the networks and hands them to applications."""

__version__ = "0.1.0"
