"""The demo as a newcomer runs it: one command, no account, no screen."""

import os
import re
import subprocess
import sys

from PIL import Image

SUMMARY = re.compile(
    r"^demo: pulled=(\d+) decided=(\d+) posted=(\d+) lost=0 mismatched=0$", re.MULTILINE
)


def test_the_demo_loses_nothing_shows_the_window_and_cleans_up(tmp_path):
    temporary, screenshots = tmp_path / "tmp", tmp_path / "shots"
    temporary.mkdir()
    environ = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "modstation", "demo", "--headless", "--count", "20"),
            *("--screenshots", str(screenshots)),
        ],
        env={**environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    [(pulled, decided, posted)] = SUMMARY.findall(done.stdout)
    assert int(pulled) == 20
    assert 0 < int(decided) <= 20
    assert int(posted) >= int(decided)
    pictures = sorted(screenshots.glob("*.png"))
    assert pictures
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.width >= 800
            assert len(picture.convert("RGB").getcolors(1 << 24)) > 1000
    assert list(temporary.iterdir()) == []
    assert "Traceback" not in done.stderr
