"""Evidence: the packets of chosen connections in pcapng files, as captured or without what they say."""
