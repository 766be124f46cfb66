package mail

import "guildhall.chat/guildhall/internal/metrics"

var (
	sent = metrics.NewCounter("guildhall_mails_sent_total",
		"Mails that were handed over.")
	dropped = metrics.NewCounter("guildhall_mails_dropped_total",
		"Mails that were given up, or found the queue full.")
)
