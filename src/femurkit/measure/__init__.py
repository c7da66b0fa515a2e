"""What is measured on one femur, one quantity a file. Units are in the names."""
