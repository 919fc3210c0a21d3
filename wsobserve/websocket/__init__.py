"""Bytes of TCP streams in; handshakes, frames and messages out."""
