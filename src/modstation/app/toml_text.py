"""Write the flat TOML our files need; reading is the standard library's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Scalar: TypeAlias = str | bool | int | float


def toml_value(value: Scalar) -> str:
    """A scalar as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # A TOML basic string is a JSON string, but for DEL, which TOML wants escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)


def toml_lines(table: Mapping[str, Scalar], comments: Mapping[str, str] | None = None) -> str:
    """The lines ``key = value`` of a table, each under its comment if it has one."""
    lines: list[str] = []
    for key, value in table.items():
        comment = (comments or {}).get(key)
        if comment:
            lines.append(f"# {comment}")
        lines.append(f"{key} = {toml_value(value)}")
    return "".join(f"{line}\n" for line in lines)
