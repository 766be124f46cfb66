package report

import "guildhall.chat/guildhall/hack/capacity/plan"

// shares are the columns of costs.
var shares = []string{"api", "gateway", "router", "postgres", "redis", "worker"}

// Costs is the table of what things cost, in deliveries by a bare loop.
func Costs(c plan.Costs) string {
	t := newTable("what", "api", "gateway", "router", "Postgres", "Redis", "worker")
	for _, row := range []struct{ what, name string }{
		{"a message to one session, one write each", "delivery"},
		{"the same, where what waits leaves in one write", "batched"},
		{"a message to a pod that has sessions of its guild, the first delivery included", "follow"},
		{"a message created", "message"},
		{"a channel read", "read"},
		{"a page of 50 messages", "history"},
		{"a session, up to READY and its guilds", "identify"},
		{"a minute of an idle session", "minute"},
	} {
		cells := []string{row.what}
		for _, share := range shares {
			cell := ""
			if value, found := c[row.name+"/"+share]; found {
				cell = number(value)
			}
			cells = append(cells, cell)
		}
		t.row(cells...)
	}
	return t.String()
}

// Bytes is the table of what things take in bytes.
func Bytes(c plan.Costs) string {
	t := newTable("what", "bytes")
	for _, row := range []struct{ what, name string }{
		{"a message to a client, JSON", "bytes/delivery-json"},
		{"the same, zlib-stream in a shared order", "bytes/delivery-zlib-stream"},
		{"a message, out of Redis, before any pod follows", "bytes/message-redis"},
		{"the same, for each pod that follows", "bytes/follow-redis"},
		{"write-ahead log of a message", "bytes/message-wal"},
		{"tables and indexes of a message, search index included", "bytes/message-stored"},
		{"its event in the outbox, while that is kept", "bytes/message-outbox"},
		{"an idle session in the gateway's own memory", "memory/gateway"},
		{"a connection in the router's own memory", "memory/router"},
	} {
		t.row(row.what, grouped(int64(c[row.name])))
	}
	return t.String()
}
