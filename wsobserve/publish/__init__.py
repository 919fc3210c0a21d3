"""Message kinds in; documents for people and programs out."""
