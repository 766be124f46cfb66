// Package redis forms and keeps a Redis Cluster out of pods that come and go.
//
//	pods -> Dial -> Observe -> Picture -> Plan -> Step -> Do -> pods
//
// Each pass asks every pod how it sees the cluster (observe.go, nodes.go), makes one picture of the answers (survey.go), and
// takes the one step that it calls for (plan.go and the rules in the files plan_*.go). Nothing is remembered between passes,
// so whoever does a pass may die in the middle of a step: the next pass sees what was done and goes on from there.
//
// Plan is pure and decides; the nodes themselves refuse a step that a failover has made wrong meanwhile (act.go, move.go).
// Slots move and masters change while clients write; a node that holds keys is never emptied, except a replica whose master
// has them all.
// https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/
package redis
