"""Femurs out of hip CT. See README.md; public names load when first used."""

from __future__ import annotations

__version__ = "0.1.0"
