"""Channel messages in; kinds of message and their JSON Schemas out."""
