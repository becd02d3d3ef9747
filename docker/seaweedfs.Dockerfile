# SeaweedFS, all of it in one process, which keeps the data bucket. The build's context is the repository.
FROM python:3.13-slim
WORKDIR /app
COPY requirements-durable.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore --require-hashes -r requirements-durable.txt \
    && mkdir /data && chown 1000:1000 /data
USER 1000:1000
VOLUME /data
EXPOSE 8333
# Its parts find each other on the loopback address; S3 is what others reach. AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY say who may.
CMD ["weed", "mini", "-dir=/data", "-ip=127.0.0.1", "-ip.bind=0.0.0.0", "-s3.port=8333", "-webdav=false", "-admin.ui=false", \
     "-s3.port.iceberg=0", "-s3.port.lance=0"]
