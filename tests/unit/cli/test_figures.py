import csv
import io
import json


def test_the_decisions_of_today_are_counted(desk):
    desk("decide", "album/cat", "approve")
    desk("decide", "dog", "reject")

    told = json.loads(desk("figures", "--json").out)
    rows = list(csv.DictReader(io.StringIO(desk("figures", "--format", "csv").out)))

    assert (told["decided"], told["approved"], told["rejected"]) == (2, 1, 1)
    assert {"figure": "decided", "of": "", "value": "2"} in rows
    assert "decided" in desk("figures").out


def test_another_persons_decisions_and_another_day_are_asked_for(desk):
    desk("decide", "album/cat", "approve")

    assert json.loads(desk("figures", "--json", "--actor", "somebody").out)["decided"] == 0
    assert json.loads(desk("figures", "--json", "--since", "2999-01-01").out)["decided"] == 0
    assert json.loads(desk("figures", "--json", "--since", "2020-01-01").out)["decided"] == 1
