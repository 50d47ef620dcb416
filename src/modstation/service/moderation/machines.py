"""The machines of this service: who they are, and the work through their due jobs.

``step`` claims what is due and hands it to a few threads, since providers are slow; what a job
came to is settled in one transaction. Whatever dies in between leaves a job that becomes due
again. Any number of replicas may step.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from obstore.exceptions import BaseError
from sqlalchemy.exc import OperationalError

from modstation.core.clock import to_us
from modstation.service.assets.stored import find_by_id
from modstation.service.moderation import machine_jobs
from modstation.service.moderation.answers import take_answer
from modstation.service.moderation.consequences import Bench, Consequences
from modstation.service.moderation.machine_addresses import address_of
from modstation.service.moderation.states import REJECTED, State
from modstation.service.moderation.values import Asked
from modstation.service.providers.asking import Answer, Away, NeverSeen, Question, Refused
from modstation.service.providers.duplicates import Duplicates
from modstation.service.providers.rekognition import Rekognition
from modstation.service.providers.webpurify import WebPurify

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection

    from modstation.core.clock import Clock
    from modstation.service.assets.stored import Asset
    from modstation.service.ledger import Ledger
    from modstation.service.moderation.machine_jobs import Job
    from modstation.service.providers.asking import Patient, Prompt
    from modstation.service.providers.pictures import Pictures
    from modstation.service.settings import ServiceSettings

log = logging.getLogger(__name__)

# People decide on these also where no machine does.
_ALWAYS = frozenset({"manual", "webpurify"})
_THREADS = 4
_SECOND_US = 1_000_000
_FIRST_RETRY_SECONDS = 5
_LONGEST_RETRY_SECONDS = 3600


class Machines:
    """What this service can ask; raises SettingsError for a provider that cannot be used."""

    def __init__(
        self,
        ledger: Ledger,
        pictures: Pictures,
        settings: ServiceSettings,
        clock: Clock,
        answered: Callable[[], None] = lambda: None,
    ) -> None:
        self._ledger = ledger
        self._settings = settings
        self._clock = clock
        self._answered = answered
        self._prompt: dict[str, Prompt] = {"duplicate": Duplicates(ledger, pictures)}
        self._patient: dict[str, Patient] = {}
        if settings.rekognition:
            self._prompt["aws_rek"] = Rekognition(pictures)
        self._webpurify = None
        if settings.webpurify is not None:
            self._webpurify = self._patient["webpurify"] = WebPurify(settings.webpurify)
        self._pool = ThreadPoolExecutor(_THREADS, "moderate")
        self._lock = threading.Lock()
        self._busy: list[Future[None]] = []
        self._closing = threading.Event()

    @property
    def available(self) -> frozenset[str]:
        """The kinds of moderation that may be asked for."""
        return _ALWAYS | self._prompt.keys() | self._patient.keys()

    def decides(self, kind: str) -> bool:
        """Whether a machine settles this kind, sooner or later."""
        return kind in self._prompt or kind in self._patient

    def ask_at_once(self, asset: Asset, asked: Asked) -> Answer | None:
        """What a machine says right now; None if none does: it decides later, or is away.

        Raises Refused if it never will.
        """
        prompt = self._prompt.get(asked.kind)
        if prompt is None:
            return None
        try:
            return prompt.ask(Question(asset, asked.options))
        except Away as away:
            log.warning("%s is away (%s); the picture waits for it", asked.kind, away)
            return None

    def step(self, now: datetime) -> int:
        """Start the jobs that are due; the number started. A bug in one is raised here."""
        with self._lock:
            done = [work for work in self._busy if work.done()]
            self._busy = [work for work in self._busy if not work.done()]
            free = _THREADS - len(self._busy)
            jobs = self._claimed(to_us(now), free) if free else []
            self._busy += [self._start(job) for job in jobs]
        for work in done:
            work.result()
        return len(jobs)

    def drain(self) -> None:
        """Wait for the jobs under way; a bug in one of them is raised here."""
        with self._lock:
            busy = list(self._busy)
        wait(busy)
        for work in busy:
            work.result()

    def close(self) -> None:
        """Finish what is in hand and stop; the rest stays due for the next start."""
        self._closing.set()
        self._pool.shutdown(wait=True)
        if self._webpurify is not None:
            self._webpurify.close()

    def _start(self, job: Job) -> Future[None]:
        work = self._pool.submit(self._run, job)
        # More may be due than there were threads for.
        work.add_done_callback(lambda _: self._answered())
        return work

    def _claimed(self, now_us: int, most: int) -> list[Job]:
        with self._ledger.read() as connection:
            if not machine_jobs.any_due(connection, now_us):
                return []
        with self._ledger.write() as connection:
            return machine_jobs.claim(connection, now_us, most)

    def _run(self, job: Job) -> None:
        if self._closing.is_set():
            return
        try:
            self._work_on(job)
        except (OperationalError, BaseError, OSError) as error:
            # Database or storage is away; the job becomes due again with its lease.
            log.warning("a %s moderation is put off: %s", job.kind, type(error).__name__)

    def _work_on(self, job: Job) -> None:
        with self._ledger.read() as connection:
            asset = find_by_id(connection, job.cloud, job.asset_id)
        if asset is None:
            # Those that wait behind this one would never be claimed.
            with self._ledger.write() as connection:
                machine_jobs.drop_all(connection, job.asset_id)
            return
        if not _wanted(asset, job):
            self._drop(job)
            return
        try:
            answer = self._answer(asset, job)
        except Away as away:
            log.warning("%s is away (%s); attempt %s", job.kind, away, job.attempts + 1)
            self._put_off(job, _retry_seconds(job.attempts), job.ticket)
        except NeverSeen:
            self._put_off(job, 0, None)
        except Refused as refused:
            log.warning("%s cannot judge %s, people have to: %s", job.kind, asset.asset_id, refused)
            self._drop(job)
        else:
            if answer is not None:
                self._settle(job, answer)

    def _answer(self, asset: Asset, job: Job) -> Answer | None:
        """The verdict, or None if the job was put off until the provider is to be looked at."""
        if job.rule is not None:
            # Whoever runs the service sees warnings only, and the site is told "rejected" alone.
            log.warning("%s was rejected without a look: %s", asset.asset_id, job.rule)
            return Answer(REJECTED, REJECTED, f"Rejected without a look: {job.rule}")
        if prompt := self._prompt.get(job.kind):
            return prompt.ask(Question(asset, Asked(job.kind, job.value).options))
        patient = self._patient.get(job.kind)
        if patient is None:
            raise Away("no provider is configured any more")
        ticket = job.ticket
        if ticket is not None:
            answer = patient.look(ticket)
            if answer is not None:
                return answer
        else:
            ticket = self._handed_in(patient, asset, job)
        self._put_off(job, patient.look_seconds, ticket)
        return None

    def _handed_in(self, patient: Patient, asset: Asset, job: Job) -> str:
        address = address_of(asset, job, self._settings.public_url or job.base)
        if job.attempts:
            # An attempt that was cut short may have arrived.
            try:
                return patient.find(address)
            except NeverSeen:
                pass
        return patient.hand_in(address)

    def _settle(self, job: Job, answer: Answer) -> None:
        now_us = to_us(self._clock.now())
        with self._ledger.write() as connection:
            asset = find_by_id(connection, job.cloud, job.asset_id, locked=True)
            if not machine_jobs.finish(connection, job):
                return
            if asset is None or asset.version_id != job.version_id:
                return
            self._take(connection, job, asset, answer, now_us)
        self._answered()

    def _take(
        self, connection: Connection, job: Job, asset: Asset, answer: Answer, now_us: int
    ) -> None:
        bench = Bench(job.cloud, asset.api_key, job.base, now_us)
        consequences = Consequences(connection, bench)
        take_answer(connection, consequences, asset, job.kind, answer, now_us=now_us)
        consequences.write()

    def _drop(self, job: Job) -> None:
        with self._ledger.write() as connection:
            machine_jobs.finish(connection, job)

    def _put_off(self, job: Job, seconds: float, ticket: str | None) -> None:
        due_us = to_us(self._clock.now()) + int(seconds * _SECOND_US)
        with self._ledger.write() as connection:
            machine_jobs.put_off(connection, job, due_us, ticket=ticket)


def _wanted(asset: Asset, job: Job) -> bool:
    """Whether an answer still matters: it decides, or was asked for before a person spoke."""
    if asset.version_id != job.version_id:
        return False
    entry = next((entry for entry in asset.moderation if entry.kind == job.kind), None)
    if entry is None:
        return False
    return entry.state is State.PENDING or job.ticket is not None


def _retry_seconds(attempts: int) -> float:
    return min(_LONGEST_RETRY_SECONDS, _FIRST_RETRY_SECONDS * 2.0 ** min(attempts, 20))
