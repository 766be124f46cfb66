// Package events is the event log: how what changed in Postgres reaches every gateway pod, once and in order.
//
// A log is a guild or a user and is named by its snowflake. Postgres owns the order: each durable event has a seq, dense
// within its log, and is a row of the outbox (package store). Redis transports it:
//
//	Publisher  --publish.lua-->  stream log:{id} (bounded), channel log:{id}  --SSUBSCRIBE-->  Feeds  -->  Feed
//
// The script appends only last + 1. Lower is a no-op, so that the publisher and the relay may both try; for higher the
// publisher first sends the rows in between, read from the outbox. A Feed hands over each event once and in order: a
// hole in the sequence is read from the stream, or from the outbox behind it. Redis is never the authority; if it loses
// everything, feeds and publishers refill from Postgres.
//
// Events without a seq (typing, presence) are ephemeral: published, never kept.
package events
