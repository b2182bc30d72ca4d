# One image for web, worker, clock and migrations. docs/deploying.md tells how it is used.
FROM python:3.13-slim AS build
COPY --from=ghcr.io/astral-sh/uv:0.13 /uv /usr/local/bin/uv
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /srv/ringback
COPY pyproject.toml uv.lock .python-version ./
# EXTRAS="--extra sentry --extra otel" installs what is off otherwise.
ARG EXTRAS=""
RUN uv sync --locked --no-default-groups --no-install-project $EXTRAS

FROM python:3.13-slim
RUN useradd --system --uid 10001 --create-home --home-dir /home/ringback ringback
ENV PATH=/srv/ringback/.venv/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /srv/ringback
COPY --from=build /srv/ringback/.venv .venv
COPY wsgi.py pyproject.toml ./
COPY gateway gateway
COPY tasks tasks
COPY migrations migrations
USER ringback
EXPOSE 8000
# Every process ends by itself within 30 seconds of this.
STOPSIGNAL SIGTERM
CMD ["gunicorn", "wsgi:app", "-c", "gateway/cli/gunicorn_conf.py"]
