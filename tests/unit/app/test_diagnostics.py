import logging

import pytest

from modstation.app.diagnostics import crash_report, redact, start_log, stop_log, write_crash_report
from modstation.core.clock import ManualClock

SECRET = "abcDEF123_secret-value"


@pytest.mark.parametrize(
    "text",
    [
        f"cloudinary://key:{SECRET}@cloud?upload_prefix=http://127.0.0.1",
        f"GET https://key:{SECRET}@api.example/v1_1/c/ping",
        f"Authorization: Basic {SECRET}",
        f"{{'authorization': 'Bearer {SECRET}'}}",
        f"(b'Authorization', b'Basic {SECRET}')",
        f"POST /upload?api_key=1&signature={SECRET}&timestamp=2",
        f"X-Cld-Signature: {SECRET}",
        f'{{"api_secret": "{SECRET}"}}',
        f"https://res.example/c/image/authenticated/s--{SECRET}--/v1/a.jpg",
    ],
)
def test_a_secret_is_taken_out_wherever_it_usually_stands(text):
    assert SECRET not in redact(text)


def test_a_known_secret_is_taken_out_anywhere():
    assert redact(f"odd place {SECRET} here", [SECRET]) == "odd place … here"


def test_image_bytes_do_not_reach_the_log():
    assert "QUJD" not in redact("file=data:image/png;base64," + "QUJD" * 100)


@pytest.mark.parametrize(
    "text", ["posted 3 decisions, 12 to post", "GET /v1_1/c/resources/image/upload/a 200", ""]
)
def test_ordinary_lines_stay_as_they_are(text):
    assert redact(text) == text


@pytest.fixture
def log(tmp_path):
    root = logging.getLogger()
    level = root.level
    handler = start_log(tmp_path / "log", "cli", secrets=[SECRET])
    yield tmp_path / "log" / "cli.log"
    stop_log(handler)
    root.setLevel(level)


def test_the_log_holds_lines_and_tracebacks_without_the_secret(log):
    try:
        int(f"tail of {SECRET}")
    except ValueError:
        logging.getLogger("modstation.x").info("Sending %s", SECRET, exc_info=True)

    text = log.read_text()
    assert "Sending …" in text
    assert "ValueError" in text
    assert SECRET not in text


def test_requests_are_not_logged_with_their_addresses(log):
    logging.getLogger("httpx").info("HTTP Request: GET https://res.example/s--abcdefgh--/a.jpg")

    assert not log.exists() or log.read_text() == ""


def test_a_crash_report_names_the_bug_and_the_versions_but_no_secret(tmp_path):
    try:
        int(f"tail of {SECRET}")
    except ValueError as error:
        path = write_crash_report(tmp_path / "log", error, secrets=[SECRET], clock=ManualClock())
        again = crash_report(error, secrets=[SECRET], clock=ManualClock())

    text = path.read_text(encoding="utf-8")
    assert path.name.startswith("crash-20260101-090000-")
    assert text == again
    assert "ValueError" in text
    assert "Python 3" in text
    assert SECRET not in text
