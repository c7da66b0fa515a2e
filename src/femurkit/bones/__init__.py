"""Bones as a statistical shape model knows them: phantoms are drawn from it, results held to it."""
