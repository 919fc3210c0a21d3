"""Messages in; channel messages out: format, channel, name, body."""
