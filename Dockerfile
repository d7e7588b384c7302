# Openbell in one image for every role: `docker build -t openbell .`
#
# PYTHON_IMAGE  what it runs on
# NODE_IMAGE    what builds the page
# WHEELS        "built": built here from this tree. "local": taken from deploy/wheels/, where the wheels of openbell and of
#               all it needs were put before; the build then reaches no registry and installs what was tested.
#               podman before 4.5 wants it by name (compose.yaml gives it): podman build --build-arg WHEELS=built .

ARG PYTHON_IMAGE=python:3.13-slim
ARG NODE_IMAGE=node:24-slim
ARG WHEELS=built

FROM ${NODE_IMAGE} AS page
WORKDIR /source/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY web/ ./
RUN npm run build

FROM ${PYTHON_IMAGE} AS wheels-built
# The C compiler is for mypyc, which makes the engine and the worker several times as fast. A build that cannot compile
# ends: an interpreted image would look the same. The second name of the constraints is for the build's own requirements.
ENV OPENBELL_COMPILE=always \
    PIP_CONSTRAINT=/source/constraints.txt \
    PIP_BUILD_CONSTRAINT=/source/constraints.txt
RUN apt-get update \
 && apt-get install --yes --no-install-recommends gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY constraints.txt ./
COPY pyproject.toml README.md LICENSE ./
COPY exchange/ exchange/
COPY streams/ streams/
COPY gateway/ gateway/
COPY openbell/ openbell/
COPY nats/ nats/
COPY scripts/ scripts/
COPY --from=page /source/gateway/static/ gateway/static/
RUN python3 -m pip wheel --no-cache-dir --wheel-dir /wheels .

FROM scratch AS wheels-local
COPY deploy/wheels/ /wheels/

FROM wheels-${WHEELS} AS wheels

FROM ${PYTHON_IMAGE} AS openbell
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels \
    python3 -m venv /opt/openbell \
 && /opt/openbell/bin/pip install --no-cache-dir --no-index --find-links /wheels openbell \
 && useradd --uid 10001 --create-home --home-dir /var/lib/openbell openbell
ENV PATH=/opt/openbell/bin:$PATH \
    OPENBELL_DATA_DIR=/var/lib/openbell \
    PYTHONUNBUFFERED=1
USER openbell
WORKDIR /var/lib/openbell
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["openbell"]
CMD ["--help"]
