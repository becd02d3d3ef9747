# The API on the stores that the environment selects. The build context is the repository.
# Base images are pinned by tag, not by digest, because no image registry was available. Pin digests
# before you build images for others.
FROM python:3.13-slim
# Two arenas: with one per thread, a freeze of 25 runs took 166 MiB instead of 105.
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MALLOC_ARENA_MAX=2
WORKDIR /app
COPY requirements/server.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore --no-deps --require-hashes -r server.txt
RUN printf '#!/bin/sh\nexec python -m server.admin "$@"\n' > /usr/local/bin/dataops-admin && chmod 755 /usr/local/bin/dataops-admin
# The first user of most machines, so that /data is readable even if it is private to that user.
COPY --chown=1000:1000 . ./
USER 1000:1000
EXPOSE 8000
CMD ["sh", "-c", "python -m server.provision --data /data && exec python -m server.run --host 0.0.0.0 --port 8000"]
