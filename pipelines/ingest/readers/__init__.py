"""One reader a file format: each turns a file into ``Records`` (text with line numbers), or refuses it."""
