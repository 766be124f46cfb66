#!/bin/sh
# Starts the node. ROOT is empty in a pod.
set -eu
: "${ROOT=}"
umask 077
conf=$ROOT/run/redis/redis.conf
{
	cat "$ROOT/etc/redis/redis.conf"
	echo "bind $POD_IP"
	echo "bind-source-addr $POD_IP"
	echo "cluster-announce-ip $POD_IP"
	echo "dir $ROOT/data"
	echo "aclfile $ROOT/secrets/users.acl"
	echo "masterauth $(cat "$ROOT/secrets/redis-password")"
	echo "maxmemory ${MAXMEMORY:-0}"
} >"$conf"
# A node that is stopped before it has heard which shard a replica is in has written another one than the master's, and Redis 7.2
# and Valkey refuse to start with that. What counts is the master's.
# https://github.com/valkey-io/valkey/issues/2171
nodes=$ROOT/data/nodes.conf
if [ -f "$nodes" ]; then
	sed -n 's/^\([0-9a-f]*\) [^ ]* [^ ]*slave[^ ]* \([0-9a-f]*\) .*/\1 \2/p' "$nodes" | while read -r replica master; do
		shard=$(sed -n "s/^$master [^ ]*,shard-id=\([0-9a-f]*\).*/\1/p" "$nodes")
		if [ -n "$shard" ]; then
			sed -i "s/^\($replica [^ ]*,shard-id=\)[0-9a-f]*/\1$shard/" "$nodes"
		fi
	done
fi
exec "$(command -v redis-server || command -v valkey-server)" "$conf"
