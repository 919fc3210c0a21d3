"""What an exporter raises when the world outside does not take what it is given."""

from __future__ import annotations


class ExportError(Exception):
    """One line for people: what could not be written or read, where, and why. Never holds a payload or a password."""
