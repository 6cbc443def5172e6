# One image for every service: the poll worker, each stage, and the Prefect server of the same version.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/geowire
COPY requirements.lock pyproject.toml README.md LICENSE THIRD_PARTY.md ./
RUN /opt/geowire/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements.lock
COPY geowire geowire
COPY ingest ingest
COPY processors processors
COPY flows flows
COPY cli cli
RUN /opt/geowire/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN useradd --create-home --uid 10001 geowire && install -d -o geowire -g geowire /data
COPY --from=build /opt/geowire /opt/geowire
COPY prefect.yaml /home/geowire/prefect.yaml
ENV PATH=/opt/geowire/bin:$PATH PYTHONUNBUFFERED=1 GEOWIRE_DATA=/data PREFECT_HOME=/data/prefect
USER geowire
WORKDIR /home/geowire
VOLUME /data
ENTRYPOINT ["geowire"]
CMD ["--help"]
