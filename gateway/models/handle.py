"""The one handle of the database, which `base.connect` points at it."""

from peewee import DatabaseProxy

db = DatabaseProxy()
