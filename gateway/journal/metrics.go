package journal

import "guildhall.chat/guildhall/internal/metrics"

var (
	appendSeconds = metrics.NewHistogram("guildhall_gateway_journal_append_seconds",
		"What a batch waited for Redis before it was dispatched.", metrics.Latency)
	appendFailures = metrics.NewCounter("guildhall_gateway_journal_failures_total",
		"Batches that were given up because Redis did not answer in time.")
	entriesWritten = metrics.NewCounter("guildhall_gateway_journal_entries_total",
		"Entries journaled.")
	bytesWritten = metrics.NewCounter("guildhall_gateway_journal_bytes_total",
		"Bytes of batches journaled.")
	entriesSkipped = metrics.NewCounter("guildhall_gateway_journal_skipped_entries_total",
		"Entries not journaled while degraded.")
	batchesResent = metrics.NewCounter("guildhall_gateway_journal_resent_batches_total",
		"Batches that Redis had lost in a failover and was sent again.")
	holes = metrics.NewCounter("guildhall_gateway_journal_holes_total",
		"Times that the journal began anew: what was dispatched before can't be resumed elsewhere.")
	degraded = metrics.NewGauge("guildhall_gateway_journal_degraded",
		"1 while dispatches are not journaled.")
	retainedEntries = metrics.NewGauge("guildhall_gateway_journal_retained_entries",
		"Entries that the journal keeps for resumes elsewhere.")
	retainedBytes = metrics.NewGauge("guildhall_gateway_journal_retained_bytes",
		"Bytes that the journal keeps for resumes elsewhere.")
)

// Readings of journals, by how they ended.
var reads = metrics.NewCounters("guildhall_gateway_journal_reads_total",
	"Positions looked for in the journals of other processes, by result.", "result")

var loadSeconds = metrics.NewHistogram("guildhall_gateway_journal_load_seconds",
	"How long it took to read a journal from Redis, or what is new in it.", metrics.Latency)
