"""How far a femur is from the truth: overlap, distance, volume."""
