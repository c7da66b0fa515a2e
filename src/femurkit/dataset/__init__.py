"""Annotated scans as examples: the manifest, the label readers, their checks, prepared hips."""
