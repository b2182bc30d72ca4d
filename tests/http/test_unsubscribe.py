"""The link of an e-mail: a page for people, one click for mail programs (RFC 8058)."""

import re
from datetime import UTC, datetime

import pytest
from werkzeug.test import TestResponse

from gateway.domain.lifecycle import MessageState
from gateway.models import base
from gateway.models.consent import Consent
from gateway.models.contact import Contact
from gateway.models.message_log import MessageLog
from gateway.usecases import consents
from tests.http.stage import Api
from tests.rows import notification

ADDRESS = "ada@example.com"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def mail(api: Api) -> MessageLog:
    """An e-mail that went to somebody who reads German."""
    with base.connection():
        row = notification(api.account.organization_id, plan=[{"channel": "email"}])
        Contact.update(locale="de-AT", email=ADDRESS).where(Contact.id == row.contact_id).execute()
        made = MessageLog.write(
            organization=row.organization_id, mode="test", notification=row.id, channel="email",
            provider="smtp", account="smtp:test", from_address="desk@example.com",
            to_address=ADDRESS, to_hash="a" * 64, state=MessageState.SENT,
            created_at=datetime.now(UTC),
        )  # fmt: skip
    assert made is not None
    return made


def path(mail: MessageLog) -> str:
    with base.connection():
        return consents.unsubscribe_url(mail.id, "")


def out(mail: MessageLog) -> bool:
    with base.connection():
        return Consent.withdrawn(mail.organization_id, "test", "email", "reminder", mail.to_hash)


def click(api: Api, at: str, **form: str) -> TestResponse:
    return api.with_key(None).ask("POST", at, data=form or ONE_CLICK)


def test_one_click_of_a_mail_program_ends_all_mail_and_a_second_one_changes_nothing(
    api: Api, mail: MessageLog
) -> None:
    for _ in range(2):
        answer = click(api, path(mail))
        assert (answer.status_code, answer.mimetype) == (200, "text/html")
        assert "Location" not in answer.headers
        assert "Set-Cookie" not in answer.headers
    assert out(mail)
    with base.connection():
        said, row = Consent.get(), mail.notification
        assert row is not None
        assert (Consent.select().count(), said.source, said.contact_id) == (
            1, consents.ONE_CLICK, row.contact_id,
        )  # fmt: skip


def test_looking_at_the_link_changes_nothing(api: Api, mail: MessageLog) -> None:
    page = api.with_key(None).get(path(mail))
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert api.with_key(None).ask("HEAD", path(mail)).status_code == 200
    assert not out(mail)


def test_the_page_asks_in_the_persons_language_and_does_what_its_button_says(
    api: Api, mail: MessageLog
) -> None:
    page = api.with_key(None).get(path(mail))
    assert 'lang="de"' in page.text
    assert "Salon Berlin" in page.text
    sent = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)"', page.text))
    assert "Erledigt" in click(api, path(mail), **sent).text
    assert out(mail)


def test_the_page_loads_nothing_follows_nobody_and_names_nobody(api: Api, mail: MessageLog) -> None:
    page = api.with_key(None).get(path(mail))
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<script|<img|<link|<style|src=|href=", page.text)
    assert ADDRESS not in page.text + path(mail)
    assert page.headers["Referrer-Policy"] == "no-referrer"


def test_a_forged_or_foreign_token_is_nothing(api: Api, mail: MessageLog) -> None:
    right = path(mail)
    forged = right[:-1] + ("A" if right[-1] != "A" else "B")
    for wrong in (forged, right.partition(".")[0], "/unsubscribe/x", right + "A"):
        assert api.with_key(None).get(wrong).status_code == 404
        assert click(api, wrong).status_code == 404
    with base.connection():
        MessageLog.update(channel="sms").where(MessageLog.id == mail.id).execute()
    assert click(api, right).status_code == 404
    with base.connection():
        assert Consent.select().count() == 0


def test_a_post_that_is_no_click_is_refused(api: Api, mail: MessageLog) -> None:
    nobody = api.with_key(None)
    assert click(api, path(mail), other="x").status_code == 400
    assert nobody.ask("POST", path(mail), json=ONE_CLICK).status_code == 415
    large = {**ONE_CLICK, "x": "y" * 5000}
    assert nobody.ask("POST", path(mail), data=large).status_code == 413
    assert not out(mail)


def test_a_click_sent_as_a_multipart_form_counts_as_well(api: Api, mail: MessageLog) -> None:
    kind = "multipart/form-data"
    answer = api.with_key(None).ask("POST", path(mail), data=ONE_CLICK, content_type=kind)
    assert answer.status_code == 200
    assert out(mail)
