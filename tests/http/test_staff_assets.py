"""What browsers load from us: as it came from its makers, under an address of its own."""

import hashlib
import re
from pathlib import Path

import pytest
from flask import Flask

from gateway.http import staff_words
from tests.databases import ON_SQLITE
from tests.http.staff_stage import Browser

VENDOR = staff_words.STATIC / "vendor"
TEMPLATES = Path(staff_words.__file__).parent


def listed() -> dict[str, str]:
    """File -> SHA-256, as VERSIONS.txt has them."""
    text = (VENDOR / "VERSIONS.txt").read_text(encoding="utf-8")
    return {name: digest for digest, name in re.findall(r"^([0-9a-f]{64})  (\S+)$", text, re.M)}


def test_what_others_wrote_is_as_they_wrote_it() -> None:
    there = {path.name: path for path in VENDOR.iterdir() if path.name != "VERSIONS.txt"}
    found = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in there.items()}
    assert found == listed()


@pytest.mark.parametrize("maker", ["htmx", "pico", "uplot"])
def test_its_licence_and_version_stand_beside_it(maker: str) -> None:
    assert f"LICENSE.{maker}.txt" in listed()
    text = (VENDOR / "VERSIONS.txt").read_text(encoding="utf-8")
    assert re.search(rf"^\S*{maker}\S* +\d+\.\d+\.\d+ ", text, re.M)


@ON_SQLITE
def test_every_file_of_a_page_is_served_and_kept_for_ever(app: Flask, browser: Browser) -> None:
    page = browser.see("/console/sign-in")
    paths = re.findall(r'(?:href|src)="(/console/static/[^"]+)"', page)
    assert len(paths) >= 4
    for path in paths:
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        old = path.replace(staff_words.version(), "0" * 16)
        assert browser.get(old).headers["Cache-Control"] == "no-cache"


def test_what_a_style_sheet_of_ours_names_is_there() -> None:
    sheet = (staff_words.STATIC / "console.css").read_text(encoding="utf-8")
    named = re.findall(r"url\(([^)]+)\)", sheet)
    assert named
    assert [name for name in named if not (staff_words.STATIC / name).is_file()] == []


@ON_SQLITE
@pytest.mark.parametrize("name", ["../group.py", "..%2fgroup.py", "%2e%2e/group.py", "", "x.css"])
def test_nothing_else_can_be_had_that_way(browser: Browser, name: str) -> None:
    path = f"/console/static/{staff_words.version()}/{name}"
    assert browser.get(path).status_code == 404


def test_no_template_names_another_host_or_brings_code_of_its_own() -> None:
    for path in TEMPLATES.rglob("templates/*.html"):
        text = path.read_text(encoding="utf-8")
        bad = re.findall(r"https?://|\|\s*safe\b|<style|\sstyle=|\son\w+=|hx-on|javascript:", text)
        assert bad == [], path.name
