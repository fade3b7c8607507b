"""Makes a delivery the current one, in one ledger transaction, if no critical check failed and its bytes are new."""
