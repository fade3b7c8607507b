"""What happened: deliveries, verdicts, acceptances, builds, findings. The only code that writes the ledger."""
