"""``aws_rek``: Amazon Rekognition's moderation labels, held against the caller's limits.

Credentials and region come from where every AWS program takes them: the environment, a profile,
the machine's role. They are never read or kept here.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from modstation.core.errors import SettingsError
from modstation.service.moderation.rekognition_limits import Label, limits_of
from modstation.service.moderation.states import APPROVED, REJECTED
from modstation.service.providers.asking import Answer, Away, Refused

if TYPE_CHECKING:
    from modstation.service.providers.asking import Question
    from modstation.service.providers.pictures import Pictures

log = logging.getLogger(__name__)

# As bytes, Rekognition takes 5 MiB.
_MOST_BYTES = 5_242_880
_LONGEST_SIDE = 2048
_CONNECT_SECONDS = 3
_ANSWER_SECONDS = 15
# The picture is at fault, and would be tomorrow.
_HOPELESS = frozenset(
    {"InvalidImageFormatException", "ImageTooLargeException", "InvalidParameterException"}
)


class Rekognition:
    """Asks Rekognition; raises SettingsError if boto3 is missing or no region is set."""

    def __init__(self, pictures: Pictures) -> None:
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, ClientError
        except ModuleNotFoundError as error:
            raise SettingsError(
                "Amazon Rekognition needs an extra package: pip install 'modstation[rekognition]'"
            ) from error
        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_ANSWER_SECONDS,
            retries={"max_attempts": 1, "mode": "standard"},
        )
        try:
            self._client = boto3.client("rekognition", config=config)
        except (BotoCoreError, ValueError) as error:
            raise SettingsError(f"Amazon Rekognition cannot be used: {error}") from error
        self._refusal, self._outage = ClientError, BotoCoreError
        self._pictures = pictures

    def ask(self, question: Question) -> Answer:
        """Rekognition's labels of the picture, and whether one is over its limit."""
        limits = limits_of(question.options)
        content = self._pictures.jpeg(question.asset, _LONGEST_SIDE, _MOST_BYTES)
        try:
            answer = self._client.detect_moderation_labels(
                Image={"Bytes": content}, MinConfidence=limits.least_confidence
            )
        except self._refusal as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in _HOPELESS:
                raise Refused(code) from error
            raise Away(code or type(error).__name__) from error
        except self._outage as error:
            raise Away(type(error).__name__) from error
        labels = [
            Label(one["Name"], float(one["Confidence"]), one.get("ParentName") or "")
            for one in answer["ModerationLabels"]
        ]
        over = limits.rejected_by(labels)
        note = None if over is None else f"{over.name} {over.confidence:.1f} %"
        return Answer(APPROVED if over is None else REJECTED, _response(answer), note)


def _response(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer as an entry tells it: the same words in lower snake case (reference 2.4)."""
    said = {"moderation_labels": _snake(answer["ModerationLabels"])}
    for name in ("ModerationModelVersion", "ContentTypes"):
        if name in answer:
            said[_snake_name(name)] = _snake(answer[name])
    return said


def _snake(value: Any) -> Any:
    if isinstance(value, dict):
        return {_snake_name(key): _snake(one) for key, one in value.items()}
    return [_snake(one) for one in value] if isinstance(value, list) else value


def _snake_name(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
