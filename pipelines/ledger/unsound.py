"""The error raised when a home (its ledger, its key, its lake) differs from what was recorded about it."""


class Unsound(RuntimeError):
    """Nothing may be read or built on it: the message, in French, says what is wrong and how to fix it."""
