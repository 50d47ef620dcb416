"""What the rules leave behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.source_trees import forget_trees

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module", autouse=True)
def no_trees_left() -> Iterator[None]:
    """The tests of other files run in the same process."""
    yield
    forget_trees()
