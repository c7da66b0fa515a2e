"""Synthetic QCT of the hips with exact truth."""
