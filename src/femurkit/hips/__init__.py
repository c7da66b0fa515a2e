"""Where the femurs are."""
