"""The program's own source, parsed once for all the rules that are read off it in one file."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "modstation"


@cache
def tree_of(path: Path) -> ast.Module:
    """A module of the program."""
    return ast.parse(path.read_bytes())


@cache
def calls_in(path: Path) -> tuple[tuple[str, ast.Call], ...]:
    """Every call in a module, with the name that stands before the parenthesis."""
    return tuple(
        (called(node), node) for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)
    )


def forget_trees() -> None:
    """Let go of all of it: a million nodes would slow down every search for what is left over."""
    tree_of.cache_clear()
    calls_in.cache_clear()


def called(node: ast.Call) -> str:
    """The name of a function or a method that is called; empty where it has none."""
    return getattr(node.func, "attr", "") or getattr(node.func, "id", "")
