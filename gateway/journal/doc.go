// Package journal is what a gateway pod leaves behind in Redis, so that its sessions can go on elsewhere.
//
//	delivery.Line --Append--> Writer --append.lua--> stream of batches, hash of heads   (per pod process)
//	session       --Put, Claim, Remove--> Sessions                                      (a small record per session)
//	RESUME        --Read--> Reader: the entries after a position, the heads
//
// A journal belongs to one process of a pod: a restarted pod begins another. It lives for the resume window after its last
// write. Entries name events of logs, which are read from package internal/events; payloads are not in it.
//
// Each batch says which position it follows, so a journal is a chain, and a reader refuses one that is broken. The writer
// tells the script where the chain should end. If Redis has lost its end in a failover, the writer sends it again; if it
// can't, or dispatches have gone out while Redis was away, the journal begins anew, and what was dispatched before can't
// be resumed elsewhere. If the writer is gone, too, the replication id of the master tells a reader that the end may be
// lost. See docs/adr/0004-one-order-per-pod.md.
package journal
