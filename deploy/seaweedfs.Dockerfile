# SeaweedFS in one process, which stores the data bucket. The build context is the repository.
FROM python:3.13-slim
# HAProxy is not pinned: a stable release of Debian has one version, and removes packages that
# security updates replace.
RUN apt-get update && apt-get install -y --no-install-recommends haproxy && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements/durable.txt deploy/seaweedfs ./
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore --require-hashes -r durable.txt \
    && mkdir /data && chown 1000:1000 /data
USER 1000:1000
VOLUME /data
EXPOSE 8333
# Requests must be signed with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
CMD ["./start.sh"]
