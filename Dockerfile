FROM python:3.12-slim AS build
WORKDIR /src
COPY . .
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --no-compile .
# Python compiles what it imports, also of its own library, and a read-only container could not keep that: it would take
# most of each start and of each healthcheck. So all that is used is compiled here, by using it.
ENV PATH=/venv/bin:$PATH \
    PYTHONPYCACHEPREFIX=/venv/pycache
RUN python -m compileall -q -x faker/providers /venv/lib \
    && ims-mock generate --format json --output /tmp/generated.json \
    && ims-mock check /tmp/generated.json \
    && ims-mock fields > /dev/null \
    && { timeout 30 ims-mock serve & } \
    && for _ in 1 2 3 4 5 6 7 8 9; do sleep 1 && ims-mock healthcheck && break; done

FROM python:3.12-slim
LABEL org.opencontainers.image.title="ims-mock" \
      org.opencontainers.image.description="Offline emulator of the Huawei Cloud Image Management Service (IMS) for contract tests" \
      org.opencontainers.image.version="0.2.0" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.authors="The ims-mock maintainers" \
      org.opencontainers.image.base.name="python:3.12-slim"
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH \
    PYTHONPYCACHEPREFIX=/venv/pycache \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    IMS_MOCK_HOST=0.0.0.0 \
    IMS_MOCK_LOG_LEVEL=info
EXPOSE 9292
USER 10001
HEALTHCHECK --interval=2s --timeout=4s --retries=15 CMD ["ims-mock", "healthcheck"]
ENTRYPOINT ["ims-mock"]
CMD ["serve"]
