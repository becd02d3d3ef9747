# The API over the stores that the environment names. The build's context is the repository.
# Base images are named by tag, not by digest: no registry of images was at hand to take digests from. Whoever builds for others adds them.
FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY requirements/server.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore --no-deps --require-hashes -r server.txt
RUN printf '#!/bin/sh\nexec python -m server.admin "$@"\n' > /usr/local/bin/dataops-admin && chmod 755 /usr/local/bin/dataops-admin
# The first user of most machines, so that /data can be read there even if it is closed to others.
COPY --chown=1000:1000 . ./
USER 1000:1000
EXPOSE 8000
CMD ["sh", "-c", "python -m server.provision --data /data && exec python -m server.run --host 0.0.0.0 --port 8000"]
