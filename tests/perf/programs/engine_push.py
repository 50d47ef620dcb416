"""The station's way of posting: ``SyncEngine`` on a store, as the network process runs it.

Argument: the database. CLOUDINARY_URL says where. Reads {"pull": N} to have at least N images,
then {"decide": N} to put that many decisions into the outbox, due at once, and {"push": true} to
post all of them; that answers with the seconds it took and how many were posted.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from modstation.core.accounts import parse_cloudinary_url
from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.decisions import DecisionDraft, Verdict
from modstation.core.queue import QueueView
from modstation.remote.client import AdminClient
from modstation.store.station_store import StationStore
from modstation.sync.engine import SyncEngine

VIEW = QueueView()


def main() -> None:
    clock = SystemClock()
    store = StationStore.open(Path(sys.argv[1]), clock=clock, ids=TimeOrderedIds())
    client = AdminClient(parse_cloudinary_url(os.environ["CLOUDINARY_URL"]), clock=clock)
    engine = SyncEngine(
        store, client, view=VIEW, clock=clock, random=Random(1), notify=lambda _event: None
    )
    try:
        for line in sys.stdin:
            print(json.dumps(_answer(json.loads(line), store, engine)), flush=True)
    finally:
        engine.close()
        client.close()
        store.close()


def _answer(question: dict[str, Any], store: StationStore, engine: SyncEngine) -> object:
    if "pull" in question:
        while store.counts(VIEW).waiting < question["pull"]:
            assert engine.pull_once().pulled, "the service has no more"
        return {"waiting": store.counts(VIEW).waiting}
    if "decide" in question:
        entries = store.window(VIEW, around=None, before=0, after=question["decide"])
        drafts = [
            DecisionDraft(
                ref=entry.asset.ref,
                verdict=Verdict.APPROVE,
                actor="bench",
                asset_id=entry.asset.asset_id,
                version=entry.asset.version,
                kind=entry.asset.kind,
            )
            for entry in entries
        ]
        store.decide_many(drafts, hold=timedelta(0))
        return {"decided": len(drafts)}
    before = store.counts(VIEW)
    start = time.perf_counter()
    while store.counts(VIEW).unsent:
        assert engine.push_once().worked, store.counts(VIEW)
    seconds = time.perf_counter() - start
    after = store.counts(VIEW)
    assert after.done - before.done == before.unsent, after
    return {"seconds": seconds, "posted": after.done - before.done}


if __name__ == "__main__":
    main()
