# The flow and the simulator. Debian, for Bytewax has no builds for Alpine.
FROM python:3.12.14-slim-trixie@sha256:f77ac9e44ae96ef2c90b8053ea08c31f8be030f824196b0ae4db6d462c84e51f AS libraries
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
# The libraries change seldom, the source often: so they come first, and a layer of theirs is kept.
COPY pyproject.toml constraints.txt ./
COPY scripts/pinned.py scripts/
# A file with another hash than constraints.txt says is refused.
RUN python scripts/pinned.py > requirements.txt \
    && /opt/venv/bin/python -m pip install --require-hashes --no-deps --only-binary :all: --requirement requirements.txt \
    && /opt/venv/bin/python -m pip uninstall --yes pip

FROM python:3.12.14-slim-trixie@sha256:f77ac9e44ae96ef2c90b8053ea08c31f8be030f824196b0ae4db6d462c84e51f
LABEL org.opencontainers.image.title="tidegauge" \
      org.opencontainers.image.description="Stream analytics for Kafka, InfluxDB and Grafana" \
      org.opencontainers.image.licenses="Apache-2.0"
# A volume that is mounted at one of these folders for the first time gets its owner.
RUN groupadd --gid 10001 tidegauge \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin tidegauge \
    && install --directory --owner tidegauge --group tidegauge --mode 0700 /var/lib/tidegauge /run/tokens/flow \
    && install --directory --owner tidegauge --group tidegauge --mode 0750 /run/tokens/grafana
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1
COPY --from=libraries /opt/venv /opt/venv
WORKDIR /app
COPY LICENSE ./
COPY tidegauge tidegauge
COPY operators operators
COPY connectors connectors
COPY dataflows dataflows
COPY pipelines pipelines
RUN python -m compileall -q tidegauge operators connectors dataflows
USER 10001:10001
# SIGTERM lets the flow read to the end of its batch, save its state and end; so it must reach Python,
# which is the first process: no shell before it.
STOPSIGNAL SIGTERM
CMD ["python", "-m", "tidegauge.cli", "run", "pipelines/machines.yaml"]
