"""What makes a delivery current: one ledger transaction, when nothing critical failed and the bytes are new."""
