"""What gunicorn serves in the tests; the ledger's path is the factory's argument."""

from pathlib import Path

from flask import Flask

from gateway.sandbox.app import create_app
from gateway.sandbox.config import SandboxConfig

ACCOUNT, TOKEN = "AC" + "f" * 32, "token"


def sandbox(ledger: str) -> Flask:
    return create_app(
        SandboxConfig.single(
            account_sid=ACCOUNT,
            auth_token=TOKEN,
            gateway_url="http://127.0.0.1:1",
            voice_api_key="key",
            webhook_secret="secret-secret-secret",
            ledger_path=Path(ledger),
            ring_seconds=0.01,
            talk_seconds=0.01,
        )
    )
