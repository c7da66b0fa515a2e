"""How every command shows its help and says what is wrong with its options."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand

PLAIN = {"Value error, ": "", "Input should be ": "it should be "}
"""What typer's checks say in the words of a library, and what is said instead."""


class Command(TyperCommand):
    """A flag has no type, a required argument no braces, and an error no words of a library."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, --help too."""
        params = super().get_params(ctx)
        for param in params:
            if getattr(param, "is_flag", False):
                param.metavar = ""
        return params

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What stands behind the command's name in the line of usage."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]

    def make_context(self, *args: Any, **options: Any) -> Any:
        """Read the options. Raises typer.BadParameter."""
        try:
            return super().make_context(*args, **options)
        except typer.BadParameter as error:
            for words, plain in PLAIN.items():
                error.message = error.message.replace(words, plain)
            raise
