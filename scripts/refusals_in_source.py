"""What each refusal says mends it, as it stands where it is raised."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import femurkit
from femurkit import errors

PACKAGE = Path(femurkit.__file__).parent


def remedies() -> dict[str, list[str]]:
    """Of each reason code, every remedy that the package names, as it comes to them."""
    found: dict[str, list[str]] = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        for code, remedy in remedies_in(file.read_text(encoding="utf-8")):
            if remedy and remedy not in found.setdefault(code, []):
                found[code].append(remedy)
    return found


def remedies_in(source: str) -> Iterator[tuple[str, str]]:
    """Reason code and remedy of each refusal made in a piece of source, in its order."""
    tree = ast.parse(source)
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda node: node.lineno):
        code = call.func.id if isinstance(call.func, ast.Name) else ""
        given = [word.value for word in call.keywords if word.arg == "remedy"]
        if given and isinstance(getattr(errors, code, None), type):
            yield code, _text(given[0], constants)


def _text(node: ast.expr, constants: dict[str, ast.expr]) -> str:
    """A text as it stands in the source, with … for what is put in when it is said."""
    if isinstance(node, ast.Name) and node.id in constants:
        node = constants[node.id]
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    if not any(isinstance(part, ast.Constant) for part in parts):
        return ""
    text = "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts)
    return text.replace("….", "…")
