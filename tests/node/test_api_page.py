"""The trader's page as a relay serves it, and the answers that only it asks for."""

import gzip
import re
from dataclasses import replace

import pytest
from api_desk import REPORT, Desk

from offbeat.wire import report_from_json

MOST_SCRIPT_BYTES = 90_000


def test_the_page_is_only_its_own_files(desk: Desk) -> None:
    answer = desk.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    for rule in (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "form-action 'none'",
    ):
        assert rule in policy.split("; ")
    assert answer.headers["x-content-type-options"] == "nosniff"
    named = re.findall(r'(?:src|href)="([^"]*)"', answer.text)
    assert named
    for path in named:
        assert path.startswith("/assets/")
        assert desk.get(path).status_code == 200
    assert not re.search(r"<script(?![^>]* src=)[^>]*>|<style|\son\w+=|\sstyle=", answer.text)


def test_files_are_kept_for_good_and_the_page_is_asked_for_anew(desk: Desk) -> None:
    page = desk.get("/")
    assert page.headers["cache-control"] == "no-cache"
    script = re.findall(r'src="(/assets/[^"]*\.js)"', page.text)[0]
    assert "immutable" in desk.get(script).headers["cache-control"]
    for path in ("/", script):
        etag = desk.get(path).headers["etag"]
        again = desk.ask("GET", path, headers={"if-none-match": f'"other", {etag}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
        assert desk.ask("GET", path, headers={"if-none-match": '"other"'}).status_code == 200


def test_scripts_are_small_and_compressed_for_whoever_can_read_that(desk: Desk) -> None:
    names = re.findall(r'"(/assets/[^"]*\.js)"', desk.get("/").text)
    sizes = []
    for name in names:
        plain = desk.ask("GET", name, headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        small = desk.ask("GET", name, headers={"accept-encoding": "gzip"})
        assert small.headers["content-encoding"] == "gzip"
        assert small.content == plain.content
        sizes.append(len(gzip.compress(plain.content)))
    assert 0 < sum(sizes) <= MOST_SCRIPT_BYTES


@pytest.mark.parametrize("path", ["/index.html", "/assets/", "/assets/nothing.js", "/assets/../x"])
def test_nothing_else_is_a_file(desk: Desk, path: str) -> None:
    answer = desk.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "path_unknown")


def test_the_report_is_told_whole(desk: Desk) -> None:
    assert report_from_json(desk.get("/v1/report").json()) == REPORT


def test_a_report_that_is_not_there(desk: Desk) -> None:
    desk.relay.view = replace(desk.relay.view, report=None)
    answer = desk.get("/v1/report")
    assert (answer.status_code, answer.json()["code"]) == (404, "report_unknown")
