package events

import (
	"time"

	"guildhall.chat/guildhall/internal/metrics"
)

// What is published.
var (
	published = metrics.NewCounter("guildhall_events_published_total",
		"Events that were sent to Redis right after their commit; what the relay sends is not among them.")
	publishFailures = metrics.NewCounter("guildhall_events_publish_failures_total",
		"Times that the committed events of a log could not be published at once and were left to the relay.")
	publishSeconds = metrics.NewHistogram("guildhall_events_publish_seconds",
		"Time to bring the events of a change to Redis.", metrics.Latency)
)

// What feeds get.
var (
	lag = metrics.NewHistogram("guildhall_events_lag_seconds",
		"Time from the writing of a change, its commit included, until the process has its event, in the log's order.",
		append(metrics.Latency[:len(metrics.Latency):len(metrics.Latency)], 30))
	gapsFound = metrics.NewCounter("guildhall_events_gaps_found_total",
		"Times that a feed found events of its log missing.")
	gapsFilled = metrics.NewCounter("guildhall_events_gaps_filled_total",
		"Times that a feed had read all that was missing.")
	gapEvents = metrics.NewCounter("guildhall_events_gap_filled_events_total",
		"Events that feeds read from the log or the outbox because they were missing.")
	oldestGap = metrics.NewReading(metrics.Gauge, "guildhall_events_oldest_gap_age_seconds",
		"For how long the feed that waits longest has waited for events that are missing, or may be; 0 if none does.")
	feedsLost = metrics.NewCounter("guildhall_events_feeds_lost_total",
		"Feeds that fell behind the outbox and had to be loaded again.")
	linksLost = metrics.NewCounter("guildhall_events_links_lost_total",
		"Subscriber connections to Redis that ended and were made again.")
	feedsOpen = metrics.NewGauge("guildhall_events_feeds",
		"Logs that this process is subscribed to.")
)

// hand gives the handler an event that was kept, and observes how long it has taken to come.
func hand(h Handler, e Event) {
	if e.Head.At > 0 {
		lag.Observe(max(0, time.Since(time.UnixMilli(e.Head.At)).Seconds()))
	}
	h.Event(e)
}

// stalled notes that a feed looks for what is missing, until the result is called.
func (fs *Feeds) stalled(f *Feed) (end func()) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.waiting[f] = time.Now()
	return func() {
		fs.mu.Lock()
		defer fs.mu.Unlock()
		delete(fs.waiting, f)
	}
}

// longestStalled is for how long the feed has looked that has looked longest.
func (fs *Feeds) longestStalled() (longest time.Duration) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, since := range fs.waiting {
		longest = max(longest, time.Since(since))
	}
	return longest
}
