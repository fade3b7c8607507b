"""The page « État de la collecte et de la qualité »: one HTML file, without script nor external resource."""
