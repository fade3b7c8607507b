"""What readers open: pages laid out from plain data. Nothing is computed here that an output could say otherwise."""
