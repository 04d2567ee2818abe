ARG BASE
FROM ${BASE} AS tools

FROM tools AS job
ARG GREETING
COPY greeted.txt /
RUN --mount=type=secret,id=key \
    echo "$GREETING, $(cat /greeted.txt): $(sha256sum /run/secrets/key)" > /said
CMD ["cat", "/said"]

FROM tools AS never
RUN false
