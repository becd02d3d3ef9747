# dynalite, which keeps the run table in LevelDB. The build's context is the repository.
FROM python:3.13-slim
RUN apt-get update && apt-get install -y --no-install-recommends nodejs npm && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY docker/dynalite ./
RUN npm ci --omit=dev --no-audit --no-fund && mkdir /data && chown 1000:1000 /data
USER 1000:1000
VOLUME /data
EXPOSE 4567
# Without the waits that dynalite has by default, to be like a far service.
CMD ["node", "--require", "./synced.js", "node_modules/dynalite/cli.js", "--host", "0.0.0.0", "--port", "4567", \
     "--path", "/data", "--createTableMs", "0", "--updateTableMs", "0", "--deleteTableMs", "0"]
