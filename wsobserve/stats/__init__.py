"""Channel messages, handshakes and connections in; bounded totals out, that merge in any order."""
