"""What becomes of a request whose transaction the database ended, or that finds it away.

Three things are no fault of the request and over at once: two transactions that waited for each
other, two that inserted the same name, and a connection that broke when the database was
restarted. All of the request's work is done again then. What goes on is an outage and is told
as one.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from obstore.exceptions import BaseError
from sqlalchemy import exc
from sqlalchemy.exc import DataError, DBAPIError, OperationalError

from modstation.service.faults import BadRequest, Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

T = TypeVar("T")

_TRIES = 5
# PostgreSQL's words for: could not serialize, deadlock detected, unique violation.
_COLLISIONS = frozenset({"40001", "40P01", "23505"})


async def steadily(work: Callable[[], Awaitable[T]]) -> T:
    """Do the work, up to five times; raises Unavailable while database or storage are away.

    The work is one request's: what it commits may be committed again. Raises BadRequest for a
    value that the database cannot hold.
    """
    left = _TRIES
    while True:
        left -= 1
        try:
            return await work()
        except DataError as error:
            raise BadRequest("A value in the request cannot be stored") from error
        except DBAPIError as error:
            if left and _passing(error):
                continue
            # Also a name that is still taken after it was looked for again is a bug of ours.
            if not isinstance(error, OperationalError):
                raise
            raise _away("database", error) from error
        except exc.TimeoutError as error:  # every connection of the pool is in use
            raise _away("database", error) from error
        except BaseError as error:
            raise _away("storage", error) from error


def database_away(error: DBAPIError) -> bool:
    """Whether the database ended the transaction or cannot be reached, and no statement is wrong.

    Work that waits too long for something else meets the former as another kind of error.
    """
    return isinstance(error, OperationalError) or error.connection_invalidated


def _passing(error: DBAPIError) -> bool:
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _COLLISIONS


def _away(what: str, error: Exception) -> Unavailable:
    log.warning("the %s is away: %s", what, type(error).__name__)
    return Unavailable(f"The service cannot reach its {what} at the moment; please try again")
