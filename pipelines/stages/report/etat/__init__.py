"""The page « État de la collecte et de la qualité »: one HTML file, without scripts or external resources."""
