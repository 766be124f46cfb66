#!/bin/sh
# Before the node stops: a master hands over to a replica that is in step, if there is one. Takes a few seconds at most.
: "${ROOT=}"
cli=$(command -v redis-cli || command -v valkey-cli)
REDISCLI_AUTH=$(cat "$ROOT/secrets/redis-password")
export REDISCLI_AUTH

replication() { "$cli" -h "$POD_IP" info replication | tr -d '\r'; }

replica=$(replication | sed -n 's/^slave[0-9]*:ip=\([^,]*\),port=[0-9]*,state=online,.*/\1/p' | head -n 1)
[ -n "$replica" ] || exit 0
"$cli" -h "$replica" cluster failover || exit 0
tries=0
while [ $tries -lt 40 ] && replication | grep -q '^role:master'; do
	tries=$((tries + 1))
	sleep 0.25
done
exit 0
