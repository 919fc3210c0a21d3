"""A contract and channel messages in; violations and coverage out."""
