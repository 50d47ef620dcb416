"""Numbers, sizes, times and states as a moderator reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from modstation.core.clock import from_us
from modstation.core.events import Connection
from modstation.core.pacing import drained_at
from modstation.core.queue import NOT_PUBLIC, Order, doubt, public_since_us

if TYPE_CHECKING:
    from modstation.app.evidence import Evidence
    from modstation.core.assets import Asset
    from modstation.core.decisions import Decision, PastDecision
    from modstation.core.events import ConnectionChanged
    from modstation.core.policy import Policy
    from modstation.core.queue import Counts, QueueEntry, QueueView

# What a request at a time achieves; only for saying when the outbox will be empty.
_POSTED_A_SECOND = 5.0
_DONE_SOON = timedelta(seconds=90)

CONNECTION_WORDS: dict[Connection, tuple[str, str, str]] = {
    # icon, word, colour
    Connection.STARTING: ("loading", "Connecting", "muted"),
    Connection.ONLINE: ("online", "Online", "approve_text"),
    Connection.OFFLINE: ("offline", "Offline", "reject_text"),
    Connection.OFFLINE_CHOSEN: ("offline", "Offline by choice", "muted"),
    Connection.NOT_AUTHORIZED: ("key", "Key not accepted", "reject_text"),
    Connection.MAY_NOT_POST: ("key", "Posting refused", "reject_text"),
    Connection.THROTTLED: ("clock", "Quota used up", "muted"),
    Connection.TROUBLE: ("warning", "Service trouble", "reject_text"),
    Connection.STANDBY: ("standby", "Second window", "muted"),
}


def duration(span: timedelta) -> str:
    """A span in its two largest units."""
    minutes = max(0, int(span.total_seconds() // 60))
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min" if minutes else "less than a minute"


def byte_size(count: int) -> str:
    """A number of bytes in the unit people use for files."""
    if count < 1000:
        return f"{count} bytes"
    for unit in ("kB", "MB", "GB"):
        count_in_unit = count / 1000 ** (("kB", "MB", "GB").index(unit) + 1)
        if count_in_unit < 1000 or unit == "GB":
            return f"{count_in_unit:.1f} {unit}"
    raise AssertionError


def moment(time: datetime) -> str:
    """A time on the clock of this place, with its date unless it is today."""
    here = time.astimezone()
    if here.date() == datetime.now(UTC).astimezone().date():
        return f"{here:%H:%M}"
    return f"{here:%Y-%m-%d %H:%M}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun, thousands apart."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def outbox_text(counts: Counts, change: ConnectionChanged, *, now: datetime) -> str:
    """What waits to be posted, and when that will be done."""
    parts = []
    if counts.held:
        parts.append(f"{counts.held:,} held")
    to_post = counts.ready + counts.in_flight
    if to_post:
        text = f"{to_post:,} to post"
        done = drained_at(change.quota, to_post, now=now, calls_per_second=_POSTED_A_SECOND)
        if change.connection is Connection.ONLINE and done and done - now > _DONE_SOON:
            text += f", done {moment(done)}"
        elif change.connection is Connection.THROTTLED and change.until:
            text += f", goes on {moment(change.until)}"
        parts.append(text)
    if counts.conflicted:
        parts.append(counted(counts.conflicted, "conflict"))
    if counts.parked:
        parts.append(f"{counts.parked:,} stuck")
    return " · ".join(parts) or "All posted"


def clock_text(asset: Asset, shown: Evidence, *, now: datetime) -> str:
    """How long an asset has waited for this moderation, and for how long everybody could see it."""
    waiting, public = shown.waiting_since, shown.public_since
    if waiting is None:
        if asset.created_at is None:
            return ""
        span = duration(now - asset.created_at)
        return f"Uploaded {span} ago, " + ("not delivered now" if public is None else "public now")
    if public is None:
        return f"Waiting for {duration(now - waiting)}, since {moment(waiting)} · not public"
    if public == waiting:
        return f"Waiting and public for {duration(now - public)}, since {moment(public)}"
    return (
        f"Waiting for {duration(now - waiting)}, since {moment(waiting)}"
        f" · public for {duration(now - public)}"
    )


def facts(asset: Asset) -> list[tuple[str, str]]:
    """Name and value of what the service told about an asset."""
    rows = []
    if asset.width and asset.height:
        megapixels = asset.width * asset.height / 1_000_000
        rows.append(("Size", f"{asset.width:,} × {asset.height:,} px ({megapixels:.1f} MP)"))
    kind = (asset.format or "").upper()
    weight = byte_size(asset.bytes) if asset.bytes else ""
    if kind or weight:
        rows.append(("File", ", ".join(part for part in (kind, weight) if part)))
    if asset.created_at:
        rows.append(("Uploaded", moment(asset.created_at)))
    if asset.ref.delivery_type != "upload" or asset.ref.resource_type != "image":
        rows.append(("Type", f"{asset.ref.resource_type}/{asset.ref.delivery_type}"))
    return rows


ORDER_WORDS = {
    Order.OLDEST: "oldest first",
    Order.NEWEST: "newest first",
    Order.PUBLIC: "longest public first",
    Order.UNSURE: "least sure first",
    Order.TOGETHER: "copies together",
}


def view_text(view: QueueView) -> str:
    """What is being reviewed: kinds, status, share and order."""
    part = f" · part {view.split.part} of {view.split.parts}" if view.split else ""
    order = "" if view.order is Order.OLDEST else f" · {ORDER_WORDS[view.order]}"
    return f"{' + '.join(view.kinds)} · {view.status.value}{part}{order}"


def looked_text(looked: tuple[int, bool] | None) -> str:
    """How far a filter has got."""
    if looked is None:
        return ""
    count, all_of_it = looked
    return f"Looked at all {count:,}" if all_of_it else f"Looked at {count:,} so far"


def place_text(entry: QueueEntry | None, view: QueueView, *, hide_verdict: bool = False) -> str:
    """Why an image is here now; what machines found may stay hidden.

    The order, a skip, its queue among several, a flag.
    """
    if entry is None:
        return ""
    lane, asset = entry.position.lane, entry.asset
    if lane:
        parts = [f"Here because it was skipped{f' {lane} times' if lane > 1 else ''}"]
    elif view.order is Order.UNSURE and not hide_verdict:
        distance = doubt(asset)
        parts = ["Here without a machine label, after those that have one"]
        if distance is not None:
            parts = [
                f"Here because {asset.labels[0].name} is {distance / 1000:.0f} from its threshold"
            ]
    elif view.order is Order.TOGETHER and entry.together is not None:
        parts = ["Here because it is like an image that waited longer"]
    elif view.order is Order.PUBLIC:
        since = public_since_us(asset)
        parts = ["Here last: not public"]
        if since is not None and since < NOT_PUBLIC:
            parts = [f"Here because this picture is public since {moment(from_us(since))}"]
    else:
        parts = [] if view.order is Order.OLDEST else [f"Here by order: {ORDER_WORDS[view.order]}"]
    if len(view.kinds) > 1:
        parts.append(f"Queue: {entry.kind}")
    if entry.flagged:
        parts.append("Flagged")
    return " · ".join(parts)


def decided_text(
    asset: Asset,
    decision: Decision | None,
    policy: Policy,
    past: PastDecision | None = None,
) -> str:
    """Who settled an image, when and why, as far as the service and this machine tell.

    ``past``: what the service remembers of it, if it was settled elsewhere.
    """
    if not asset.status.settled:
        return ""
    what = asset.status.value.capitalize()
    if decision is not None and decision.draft.verdict.status is asset.status:
        draft = decision.draft
        text = f"{what} here by {draft.actor}, {moment(decision.at)}"
        return text + _why(draft.reason_code, draft.note, policy)
    if past is not None:
        by = f" by {past.actor}" if past.actor else ""
        text = f"{what} elsewhere{by}" + (f", {moment(past.at)}" if past.at else "")
        return text + (_why(past.reason_code, past.note, policy) or "; no reason is told")
    last = next((e for e in reversed(asset.moderation) if e.status is asset.status), None)
    when = f", {moment(last.updated_at)}" if last and last.updated_at else ""
    return f"{what} elsewhere{when}; no reason is told"


def _why(reason_code: str | None, note: str | None, policy: Policy) -> str:
    reason = policy.by_code(reason_code) if reason_code else None
    text = f": {reason.title if reason else reason_code}" if reason_code else ""
    return f"{text}. “{note}”" if note else text
