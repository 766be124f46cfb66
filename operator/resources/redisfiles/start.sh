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
exec "$(command -v redis-server || command -v valkey-server)" "$conf"
