"""The settings of the application that handles the present request."""

from flask import Flask, current_app

from gateway.settings import Settings

_KEY = "RINGBACK_SETTINGS"


def hold(app: Flask, configured: Settings) -> None:
    """Give an application its settings."""
    app.config[_KEY] = configured


def settings() -> Settings:
    """The settings that create_app was given."""
    return of(current_app)


def of(app: Flask) -> Settings:
    """The settings of this application."""
    held: Settings = app.config[_KEY]
    return held
