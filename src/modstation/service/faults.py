"""Refusals the service answers with, each one HTTP status and a sentence for the caller.

    ServiceFault
     ├── BadRequest          400   the request cannot be understood or is not allowed
     ├── NotAuthenticated    401   no credentials, or wrong ones
     ├── NotFound            404   no such asset or endpoint
     ├── RateLimited         420   the hourly limit is used up
     ├── AlreadyExists       409   there is one like it; for the Admin API alone
     └── Unavailable         429   database or storage are away for the moment

Only statuses that every official SDK can read stand here (reference 1.6): a Node client
takes 403 and 503 for a broken server, and 409 too when it was uploading. Of those left, 429 says
what is true of an outage: nothing is wrong with the request, send it again later.
"""

from __future__ import annotations

from typing import ClassVar

from modstation.core.errors import ModstationError


class ServiceFault(ModstationError):
    """The service refuses a request; ``str(error)`` is the answer's ``error.message``."""

    title = "Request refused"
    status: ClassVar[int] = 400


class BadRequest(ServiceFault):
    """The request cannot be understood or is not allowed."""


class NotAuthenticated(ServiceFault):
    """No credentials, or wrong ones."""

    status = 401


class NotFound(ServiceFault):
    """No such asset or endpoint."""

    status = 404


class RateLimited(ServiceFault):
    """The hourly limit of Admin calls is used up."""

    status = 420


class AlreadyExists(ServiceFault):
    """There is one like it; for the Admin API alone."""

    status = 409


class Unavailable(ServiceFault):
    """Database or storage are away for the moment; the same request may succeed soon."""

    status = 429
