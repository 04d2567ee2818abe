# The context is the backend's folder. Targets: `dev` (reloads, has the tests) and `prod`.
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS base
USER root
WORKDIR /app
# The root may be read-only, and so its bytecode is made here.
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1

FROM base AS prod-packages
COPY requirements-uv.txt ./
# The secret `ca` is optional, and may be empty: the certificates of a proxy on the way to the package registry.
RUN --mount=type=cache,target=/pip-cache --mount=type=secret,id=ca \
    if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi; \
    pip install --cache-dir /pip-cache --disable-pip-version-check --root-user-action ignore --require-hashes -r requirements-uv.txt
ENV UV_CACHE_DIR=/uv-cache UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV=/venv
RUN uv venv --no-cache --python /usr/local/bin/python3 /venv
COPY requirements.txt ./
RUN --mount=type=cache,target=/uv-cache --mount=type=secret,id=ca \
    if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi; \
    uv pip install --require-hashes --only-binary :all: -r requirements.txt

FROM prod-packages AS dev-packages
COPY requirements-dev.txt ./
RUN --mount=type=cache,target=/uv-cache --mount=type=secret,id=ca \
    if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi; \
    uv pip install --require-hashes --only-binary :all: -r requirements-dev.txt

FROM base AS dev
COPY --from=dev-packages /venv /venv
COPY . ./
USER 1000:1000
EXPOSE 8000
CMD ["python", "-m", "app", "--reload"]

# In a stage of its own, so that all that a source change brings is one layer.
FROM base AS source
COPY alembic.ini ./
COPY migrations migrations
COPY app app
RUN python -m compileall -q --invalidation-mode unchecked-hash .

FROM base AS prod
COPY --from=prod-packages /venv /venv
COPY --from=source /app ./
USER 1000:1000
EXPOSE 8000
CMD ["python", "-m", "app"]
