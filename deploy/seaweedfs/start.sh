#!/bin/bash
# SeaweedFS and HAProxy. If one of them ends, the container ends and is restarted.
set -eu
weed mini -dir=/data -ip=127.0.0.1 -ip.bind=127.0.0.1 -s3.port=8332 -webdav=false -admin.ui=false -s3.port.iceberg=0 -s3.port.lance=0 &
haproxy -db -f /app/haproxy.cfg &
trap 'kill $(jobs -p)' TERM INT
status=0
wait -n || status=$?
# shellcheck disable=SC2046 # one process id per word
kill $(jobs -p) 2>/dev/null || true
wait || true
exit $status
