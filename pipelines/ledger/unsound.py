"""The one kind of error for a home that differs from what was recorded of it: its ledger, its key, its lake."""


class Unsound(RuntimeError):
    """Nothing may be read or built on it: the message, in French, says what is wrong and how to fix it."""
