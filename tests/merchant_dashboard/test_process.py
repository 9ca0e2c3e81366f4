"""The process: settings, health, and an end that loses no answer."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from harness.dashboard import CSRF_KEY, FUNCTION_ARN, DashboardProcess, ask_refund, form_of, person
from harness.payments import ACCOUNT
from harness.waiting import wait_until
from merchant_dashboard.settings import Settings, SettingsError

if TYPE_CHECKING:
    from harness.dashboard import Merchant, Site

ENVIRONMENT = {
    "PAYMENTS_TABLE": "payments",
    "DASHBOARD_TABLE": "dashboard",
    "WEBHOOKS_TABLE": "webhooks",
    "TRANSACTION_GATEWAY_ARN": FUNCTION_ARN,
    "CSRF_KEY": CSRF_KEY,
}


def test_defaults_are_filled_in() -> None:
    settings = Settings.from_environment(ENVIRONMENT)
    assert (settings.port, settings.bind_host, settings.base_path) == (8080, "0.0.0.0", "")  # noqa: S104
    assert (settings.drain_seconds, settings.second_person_above) == (5, {})
    assert CSRF_KEY not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PAYMENTS_TABLE", ""),
        ("DASHBOARD_TABLE", " "),
        ("WEBHOOKS_TABLE", ""),
        ("TRANSACTION_GATEWAY_ARN", "transaction-gateway"),
        ("CSRF_KEY", ""),
        ("CSRF_KEY", "short"),
        ("CSRF_KEY_SECRET_ARN", "arn:aws:secretsmanager:eu-west-1:444444444444:secret:key"),
        ("REFUND_SECOND_PERSON_ABOVE", "500"),
        ("REFUND_SECOND_PERSON_ABOVE", "{"),
        ("REFUND_SECOND_PERSON_ABOVE", '{"EURO": 1}'),
        ("REFUND_SECOND_PERSON_ABOVE", '{"EUR": 1.5}'),
        ("REFUND_SECOND_PERSON_ABOVE", '{"EUR": -1}'),
        ("REFUND_TIMEOUT_MS", "10"),
        ("EXPORT_MAX_ROWS", "0"),
        ("BASE_PATH", "live"),
        ("PORT", "http"),
        ("DRAIN_SECONDS", "60"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({**ENVIRONMENT, name: value})


def test_a_wrong_setting_stops_the_process_with_a_sentence() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "merchant_dashboard"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 2
    assert ended.stderr == "set one of CSRF_KEY and CSRF_KEY_SECRET_ARN\n"


def test_health_needs_no_identity_and_nothing_else_goes_without(site: Site) -> None:
    with httpx.Client(base_url=site.process.url) as anyone:
        health = anyone.get("/health")
        assert (health.status_code, health.json()) == (200, {"status": "ok"})
        assert anyone.get("/").status_code == 404
        assert anyone.get("/merchants/m_bakery/overview").status_code == 403
        assert anyone.post("/merchants/m_bakery/overview").status_code == 405


def test_the_key_may_come_from_secrets_manager(site: Site, merchant: Merchant) -> None:
    arn = site.aws.client("secretsmanager", ACCOUNT).create_secret(
        Name="dashboard-csrf", SecretString=CSRF_KEY
    )["ARN"]
    payment_id = merchant.captured(1000)
    environment = {**site.environment, "CSRF_KEY": "", "CSRF_KEY_SECRET_ARN": arn}
    with DashboardProcess(environment) as process, merchant.browser() as browser:
        form = form_of(browser.get(f"transactions/{payment_id}").text, "refunds")
        with process.client(person(merchant.merchant_id)) as elsewhere:
            # Another task: a form made by one is good for all.
            answer = elsewhere.post(
                f"/merchants/{merchant.merchant_id}/transactions/{payment_id}/refunds",
                data={**form, "amount": "1.00"},
            )
        assert answer.status_code == 303


def test_sigterm_drains_and_ends_with_zero(site: Site, merchant: Merchant) -> None:
    payment_id = merchant.captured(1000)
    asked, answer_now = threading.Event(), threading.Event()

    def hold(_event: object) -> None:
        asked.set()
        answer_now.wait(20)

    environment = {**site.environment, "DRAIN_SECONDS": "1", "REFUND_TIMEOUT_MS": "15000"}
    with DashboardProcess(environment) as process:
        alice = process.client(person(merchant.merchant_id))
        alice.base_url = httpx.URL(f"{process.url}/merchants/{merchant.merchant_id}/")
        refund = ask_refund(alice, payment_id, "10.00")
        form = form_of(alice.get(refund).text, "confirmation")
        site.functions.before = hold
        answers: list[int] = []
        confirming = threading.Thread(
            target=lambda: answers.append(
                alice.post(f"{refund}/confirmation", data=form).status_code
            )
        )
        confirming.start()
        assert asked.wait(10)

        process.process.terminate()
        wait_until(lambda: httpx.get(f"{process.url}/health").status_code == 503)
        # While the load balancer still sends requests, they are answered.
        with process.client(person(merchant.merchant_id)) as late:
            page = late.get(f"/merchants/{merchant.merchant_id}/refunds")
            assert (page.status_code, page.headers["connection"]) == (200, "close")
        time.sleep(1.2)
        assert process.process.poll() is None, "a request is under way"
        answer_now.set()
        confirming.join(15)
        assert answers == [303]
        alice.close()
        assert process.process.wait(25) == 0
    refunds = [c for c in site.acquirer.charges() if c.payment_id == payment_id]
    assert [charge.type for charge in refunds].count("refund") == 1
