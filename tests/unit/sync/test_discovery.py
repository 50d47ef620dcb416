"""What the service can do is believed until it was asked by a version that knew less."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from modstation.core.clock import ManualClock
from modstation.remote.batch import Capabilities
from modstation.sync.discovery import STATE, Discovered, forget, remember, remembered


@dataclass
class States:
    """The store's pairs of name and value, in memory."""

    kept: dict[str, str] = field(default_factory=dict)

    def get_state(self, name: str) -> str | None:
        return self.kept.get(name)

    def put_state(self, name: str, value: str) -> None:
        self.kept[name] = value


def test_what_was_found_is_remembered_until_it_is_forgotten() -> None:
    store, found = States(), Discovered(Capabilities(batch=500), ManualClock().now())
    assert remembered(store) is None
    remember(store, found)
    assert remembered(store) == found
    forget(store)
    assert remembered(store) is None


def test_a_newer_station_asks_again_for_what_the_older_one_did_not_know() -> None:
    store = States()
    remember(store, Discovered(Capabilities(batch=500), ManualClock().now()))
    older = json.loads(store.kept[STATE])
    del older["listed_reasons"]
    store.kept[STATE] = json.dumps(older)
    assert remembered(store) is None
