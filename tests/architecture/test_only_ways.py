"""What has one way only: who else calls it goes past the reason why there is one."""

from __future__ import annotations

from functools import cache

import pytest

from helpers.source_trees import SOURCE, calls_in

# What is called, where that may be, and within which folder the rule holds.
ONLY_WAYS = {
    "text reaches a screen reader through announce()": (
        {"QAccessibleAnnouncementEvent", "updateAccessibility"},
        {"ui/announce.py"},
        "",
    ),
    "a label that changes its look does so through say_in()": (
        {"polish", "unpolish"},
        {"ui/plain_words.py"},
        "ui",
    ),
    "a secret lies in the keyring, and the account book asks it": (
        {"get_password", "set_password", "delete_password"},
        {"app/accounts.py"},
        "",
    ),
    "a running program changes the settings file through its book": (
        {"change_settings"},
        {"app/settings_book.py"},
        "",
    ),
    "bootstrap knows the concrete parts of a station": (
        {"ReviewSession", "Station", "StoreThread", "NetworkLink"},
        {"app/bootstrap.py"},
        "",
    ),
    "a decision changes a moderation status, whoever made it": (
        {"save_decided"},
        {"service/moderation/consequences.py"},
        "",
    ),
    # The toolkit keeps what it made for an item when the item is gone; a widget that comes to lie
    # at its place in memory is then taken for it.
    "nobody asks a layout for its items": (
        {"itemAt", "itemAtPosition", "takeAt"},
        set(),
        "ui",
    ),
    "the core is told the time and the next id": (
        {"now", "utcnow", "today", "uuid4"},
        {"core/clock.py"},
        "core",
    ),
}


@cache
def callers() -> dict[str, set[str]]:
    """Which modules call what, by the name that stands before the parenthesis."""
    found: dict[str, set[str]] = {}
    for path in SOURCE.rglob("*.py"):
        for name, _ in calls_in(path):
            found.setdefault(name, set()).add(path.relative_to(SOURCE).as_posix())
    return found


@pytest.mark.parametrize(("names", "allowed", "within"), ONLY_WAYS.values(), ids=ONLY_WAYS)
def test_nothing_goes_around_it(names: set[str], allowed: set[str], within: str) -> None:
    modules = {module for name in names for module in callers().get(name, ())}

    assert {module for module in modules if module.startswith(within)} == allowed
