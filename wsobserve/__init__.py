"""wsobserve: see what runs over WebSockets, without touching the service."""

__version__ = "0.1.0"
