# The API as `make serve` runs it, over the stores that the environment names. The build's context is the repository.
FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY requirements-local.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore --require-hashes -r requirements-local.txt
# The first user of most machines, so that /data can be read there even if it is closed to others.
COPY --chown=1000:1000 . ./
USER 1000:1000
EXPOSE 8000
CMD ["sh", "-c", "python -m tools.provision --data /data && exec python -m tools.run_local --host 0.0.0.0 --port 8000"]
