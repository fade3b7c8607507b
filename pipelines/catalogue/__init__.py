"""What exists: one YAML per source system, the shapes they share, and the organisation that subscribes to them."""
