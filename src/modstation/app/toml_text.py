"""Write the flat TOML our files need; reading is the standard library's."""

from __future__ import annotations

import json
import re
import tomllib
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


def with_values(
    text: str, values: Mapping[str, Scalar], comments: Mapping[str, str] | None = None
) -> str | None:
    """A flat TOML text with other values in it; whatever else stands there is left as it is.

    None where that cannot be done line by line: a value over several lines, a quoted key.
    """
    # Not splitlines: it also breaks at signs that are ordinary ones in TOML.
    lines = text.removesuffix("\n").split("\n") if text else []
    added: dict[str, Scalar] = {}
    for key, value in values.items():
        at = [n for n, line in enumerate(lines) if re.match(rf"\s*{re.escape(key)}\s*=", line)]
        if at:
            remark = re.search(r"\s+#[^\"']*$", lines[at[0]])
            lines[at[0]] = f"{key} = {toml_value(value)}{remark[0] if remark else ''}"
        else:
            added[key] = value
    after = "".join(f"{line}\n" for line in lines) + toml_lines(added, comments)
    try:
        as_wanted = tomllib.loads(after) == {**tomllib.loads(text), **values}
    except tomllib.TOMLDecodeError:
        return None
    return after if as_wanted else None
