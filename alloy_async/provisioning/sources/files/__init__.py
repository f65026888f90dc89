"""The bytes and the text of an input file: where they come from, compression, encoding."""
