"""Two schemas or documents in; classified changes out."""
