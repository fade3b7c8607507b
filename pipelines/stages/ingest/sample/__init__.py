"""A sample for ``source new``, before anything declares it: its format, its encoding and its records are guessed."""
