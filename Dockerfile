FROM python:3.12-slim AS build
WORKDIR /src
COPY . .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir .

FROM python:3.12-slim
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    IMS_MOCK_HOST=0.0.0.0 \
    IMS_MOCK_LOG_LEVEL=info
EXPOSE 9292
USER 10001
HEALTHCHECK --interval=5s --timeout=4s --start-period=10s CMD ["ims-mock", "healthcheck"]
ENTRYPOINT ["ims-mock"]
CMD ["serve"]
