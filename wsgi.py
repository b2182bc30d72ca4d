"""The WSGI application that gunicorn serves."""

from gateway import boot
from gateway.http import create_app

app = create_app(boot.start())
