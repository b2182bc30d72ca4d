"""Commands that work beside a running `up`, on its database."""

from pathlib import Path

from gateway import boot
from gateway.cli import data_folder
from gateway.cli.main import Stopped
from gateway.settings import Settings, environment

USUAL = Path("var")  # where `up` keeps its stack unless told otherwise


def start(data: Path | None) -> Settings:
    """boot.start with the settings of the `up` in this folder; without one with those of the
    environment, or of the usual folder if DATABASE_URL is not set and an `up` ran there. Raises
    Stopped when no `up` ran in the folder named, InvalidSettings."""
    env = environment()
    if data is None and env.get("DATABASE_URL", "").strip():
        return boot.start()
    chosen = data_folder.chosen(data or USUAL)
    if data is not None and not chosen:
        raise Stopped("--data must be a folder in which `up` runs or ran", 2)
    return boot.start(Settings.from_env({**env, **chosen}))
