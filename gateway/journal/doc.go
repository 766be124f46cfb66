// Package journal is what a gateway pod leaves behind in Redis, so that its sessions can go on elsewhere.
//
//	delivery.Line --Append--> Writer --append.lua--> stream of entries, hash of heads   (per pod process)
//	session       --Put, Claim, Remove--> Sessions                                      (a small record per session)
//	RESUME        --Read--> Reader: the entries after a position, the heads
//
// A journal belongs to one process of a pod: a restarted pod begins another. It lives for the resume window after its last
// write. Entries name events of logs, which are read from package internal/events; payloads are not in it. See
// docs/adr/0004-one-order-per-pod.md.
package journal
