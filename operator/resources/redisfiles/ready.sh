#!/bin/sh
# Succeeds when the node is a part of the cluster, which takes requests, and has its master's data if it is a replica.
set -eu
: "${ROOT=}"
cli=$(command -v redis-cli || command -v valkey-cli)
REDISCLI_AUTH=$(cat "$ROOT/secrets/redis-password")
export REDISCLI_AUTH
says=$(printf 'cluster info\ninfo replication\n' | "$cli" -h "$POD_IP")
case $says in
*master_link_status:down*) echo "replication is not in step" ;;
*cluster_state:ok*) exit 0 ;;
*) echo "$says" | head -n 3 ;;
esac
exit 1
