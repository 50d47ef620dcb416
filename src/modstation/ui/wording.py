"""Numbers, sizes, times and states as a moderator reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from modstation.core.assets import ModerationStatus
from modstation.core.clock import from_us
from modstation.core.decisions import Verdict
from modstation.core.events import Connection
from modstation.core.language import Later, counted, day, decimal, later, number, translate
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

CONNECTION_WORDS: dict[Connection, tuple[str, Later, str]] = {
    # icon, word, colour
    Connection.STARTING: ("loading", later("Wording", "Connecting"), "muted"),
    Connection.ONLINE: ("online", later("Wording", "Online"), "approve_text"),
    Connection.OFFLINE: ("offline", later("Wording", "Offline"), "reject_text"),
    Connection.OFFLINE_CHOSEN: ("offline", later("Wording", "Offline by choice"), "muted"),
    Connection.NOT_AUTHORIZED: ("key", later("Wording", "Key not accepted"), "reject_text"),
    Connection.MAY_NOT_POST: ("key", later("Wording", "Posting refused"), "reject_text"),
    Connection.THROTTLED: ("clock", later("Wording", "Quota used up"), "muted"),
    Connection.TROUBLE: ("warning", later("Wording", "Service trouble"), "reject_text"),
    Connection.STANDBY: ("standby", later("Wording", "Second window"), "muted"),
}


def duration(span: timedelta) -> str:
    """A span in its two largest units."""
    minutes = max(0, int(span.total_seconds() // 60))
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        text = translate("Wording", "{d} d {h} h") if hours else translate("Wording", "{d} d")
    elif hours:
        text = translate("Wording", "{h} h {m} min") if minutes else translate("Wording", "{h} h")
    elif minutes:
        text = translate("Wording", "{m} min")
    else:
        text = translate("Wording", "less than a minute")
    return text.format(d=days, h=hours, m=minutes)


def byte_size(count: int) -> str:
    """A number of bytes in the unit people use for files."""
    if count < 1000:
        return counted(count, translate("Wording", "{n} byte|{n} bytes"))
    if count < 1000**2:
        return translate("Wording", "{size} kB").format(size=decimal(count / 1000))
    if count < 1000**3:
        return translate("Wording", "{size} MB").format(size=decimal(count / 1000**2))
    return translate("Wording", "{size} GB").format(size=decimal(count / 1000**3))


def moment(time: datetime) -> str:
    """A time on the clock of this place, with its date unless it is today."""
    here = time.astimezone()
    if here.date() == datetime.now(UTC).astimezone().date():
        return f"{here:%H:%M}"
    return f"{day(here)} {here:%H:%M}"


def outbox_text(counts: Counts, change: ConnectionChanged, *, now: datetime) -> str:
    """What waits to be posted, and when that will be done."""
    parts = []
    if counts.held:
        parts.append(translate("Wording", "{count} held").format(count=number(counts.held)))
    to_post = counts.ready + counts.in_flight
    if to_post:
        text, until = translate("Wording", "{count} to post"), None
        done = drained_at(change.quota, to_post, now=now, calls_per_second=_POSTED_A_SECOND)
        if change.connection is Connection.ONLINE and done and done - now > _DONE_SOON:
            text, until = translate("Wording", "{count} to post, done {when}"), done
        elif change.connection is Connection.THROTTLED and change.until:
            text = translate("Wording", "{count} to post, goes on {when}")
            until = change.until
        parts.append(text.format(count=number(to_post), when=moment(until) if until else ""))
    if counts.conflicted:
        parts.append(counted(counts.conflicted, translate("Wording", "{n} conflict|{n} conflicts")))
    if counts.parked:
        parts.append(translate("Wording", "{count} stuck").format(count=number(counts.parked)))
    return " · ".join(parts) or translate("Wording", "All posted")


def clock_text(asset: Asset, shown: Evidence, *, now: datetime) -> str:
    """How long an asset has waited for this moderation, and for how long everybody could see it."""
    waiting, public = shown.waiting_since, shown.public_since
    if waiting is None:
        if asset.created_at is None:
            return ""
        span = duration(now - asset.created_at)
        if public is None:
            return translate("Wording", "Uploaded {span} ago, not delivered now").format(span=span)
        return translate("Wording", "Uploaded {span} ago, public now").format(span=span)
    if public is None:
        return translate("Wording", "Waiting for {span}, since {when} · not public").format(
            span=duration(now - waiting), when=moment(waiting)
        )
    if public == waiting:
        return translate("Wording", "Waiting and public for {span}, since {when}").format(
            span=duration(now - public), when=moment(public)
        )
    return translate("Wording", "Waiting for {span}, since {when} · public for {public}").format(
        span=duration(now - waiting), when=moment(waiting), public=duration(now - public)
    )


def facts(asset: Asset) -> list[tuple[str, str]]:
    """Name and value of what the service told about an asset."""
    rows = []
    if asset.width and asset.height:
        megapixels = asset.width * asset.height / 1_000_000
        rows.append(
            (
                translate("Wording", "Size"),
                translate("Wording", "{width} × {height} px ({megapixels} MP)").format(
                    width=number(asset.width),
                    height=number(asset.height),
                    megapixels=decimal(megapixels),
                ),
            )
        )
    kind = (asset.format or "").upper()
    weight = byte_size(asset.bytes) if asset.bytes else ""
    if kind or weight:
        rows.append(
            (translate("Wording", "File"), ", ".join(part for part in (kind, weight) if part))
        )
    if asset.created_at:
        rows.append((translate("Wording", "Uploaded"), moment(asset.created_at)))
    if asset.ref.delivery_type != "upload" or asset.ref.resource_type != "image":
        rows.append(
            (translate("Wording", "Type"), f"{asset.ref.resource_type}/{asset.ref.delivery_type}")
        )
    return rows


ORDER_WORDS = {
    Order.OLDEST: later("Wording", "oldest first"),
    Order.NEWEST: later("Wording", "newest first"),
    Order.PUBLIC: later("Wording", "longest public first"),
    Order.UNSURE: later("Wording", "least sure first"),
    Order.TOGETHER: later("Wording", "copies together"),
}


def view_text(view: QueueView) -> str:
    """What is being reviewed: kinds, status, share and order."""
    parts = [" + ".join(view.kinds), view.status.word]
    if view.split:
        told = translate("Wording", "part {part} of {parts}")
        parts.append(told.format(part=view.split.part, parts=view.split.parts))
    if view.order is not Order.OLDEST:
        parts.append(str(ORDER_WORDS[view.order]))
    return " · ".join(parts)


def looked_text(looked: tuple[int, bool] | None) -> str:
    """How far a filter has got."""
    if looked is None:
        return ""
    count, all_of_it = looked
    return (
        translate("Wording", "Looked at all {count}").format(count=number(count))
        if all_of_it
        else translate("Wording", "Looked at {count} so far").format(count=number(count))
    )


def place_text(entry: QueueEntry | None, view: QueueView, *, hide_verdict: bool = False) -> str:
    """Why an image is here now; what machines found may stay hidden.

    The order, a skip, its queue among several, a flag.
    """
    if entry is None:
        return ""
    lane, asset = entry.position.lane, entry.asset
    if lane:
        parts = [
            counted(
                lane,
                translate(
                    "Wording", "Here because it was skipped|Here because it was skipped {n} times"
                ),
            )
        ]
    elif view.order is Order.UNSURE and not hide_verdict:
        distance = doubt(asset)
        parts = [translate("Wording", "Here without a machine label, after those that have one")]
        if distance is not None:
            parts = [
                translate(
                    "Wording", "Here because {name} is {distance:.0f} from its threshold"
                ).format(name=asset.labels[0].name, distance=distance / 1000)
            ]
    elif view.order is Order.TOGETHER and entry.together is not None:
        parts = [translate("Wording", "Here because it is like an image that waited longer")]
    elif view.order is Order.PUBLIC:
        since = public_since_us(asset)
        parts = [translate("Wording", "Here last: not public")]
        if since is not None and since < NOT_PUBLIC:
            parts = [
                translate("Wording", "Here because this picture is public since {when}").format(
                    when=moment(from_us(since))
                )
            ]
    else:
        parts = (
            []
            if view.order is Order.OLDEST
            else [
                translate("Wording", "Here by order: {order}").format(order=ORDER_WORDS[view.order])
            ]
        )
    if len(view.kinds) > 1:
        parts.append(translate("Wording", "Queue: {kind}").format(kind=entry.kind))
    if entry.flagged:
        parts.append(translate("Wording", "Flagged"))
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
    if decision is not None and decision.draft.verdict.status is asset.status:
        draft = decision.draft
        text = (
            translate("Wording", "Approved here by {actor}, {when}")
            if draft.verdict is Verdict.APPROVE
            else translate("Wording", "Rejected here by {actor}, {when}")
        ).format(actor=draft.actor, when=moment(decision.at))
        return text + _why(draft.reason_code, draft.note, policy)
    approved = asset.status is ModerationStatus.APPROVED
    silent = translate("Wording", "no reason is told")
    if past is not None:
        when = f", {moment(past.at)}" if past.at else ""
        if past.actor:
            text = (
                translate("Wording", "Approved elsewhere by {actor}{when}")
                if approved
                else translate("Wording", "Rejected elsewhere by {actor}{when}")
            ).format(actor=past.actor, when=when)
        else:
            text = _elsewhere(when, approved=approved)
        return text + (_why(past.reason_code, past.note, policy) or f"; {silent}")
    last = next((e for e in reversed(asset.moderation) if e.status is asset.status), None)
    when = f", {moment(last.updated_at)}" if last and last.updated_at else ""
    return f"{_elsewhere(when, approved=approved)}; {silent}"


def _elsewhere(when: str, *, approved: bool) -> str:
    return (
        translate("Wording", "Approved elsewhere{when}")
        if approved
        else translate("Wording", "Rejected elsewhere{when}")
    ).format(when=when)


def _why(reason_code: str | None, note: str | None, policy: Policy) -> str:
    reason = policy.by_code(reason_code) if reason_code else None
    text = f": {reason.title if reason else reason_code}" if reason_code else ""
    return f"{text}. “{note}”" if note else text
