"""Networks at work: HU in, probabilities out."""
