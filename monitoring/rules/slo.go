package rules

import (
	"fmt"
	"strings"
	"time"
)

// Objective is a promise to users: which part of what happens, over 30 days, is good.
type Objective struct {
	ID     string  // in names of recordings, guildhall:ID_bad:rate5m
	Alert  string  // name of its alerts
	Title  string  // for people
	Target float64 // part that is good
	Good   string  // what counts as good, for people

	// all and bad are what happens a second, by namespace and chatcluster. %s is the range.
	all, bad string

	noticed string // what users notice when it is not kept
}

// Period is what objectives are kept over.
const Period = 30 * 24 * time.Hour

// DeliveryBound is within what a dispatch is on its way to all of its sessions, from the commit of its change.
const DeliveryBound = time.Second

// Objectives are the service level objectives.
func Objectives() []Objective {
	return []Objective{
		{
			ID: "delivery", Alert: "GuildhallDeliveryBudgetBurn", Title: "Delivery", Target: 0.999,
			Good: "events are on their way to all sessions within 1 s of their commit",
			all:  `sum by (namespace, chatcluster) (rate(guildhall_gateway_delivery_seconds_count[%[1]s]))`,
			bad: `sum by (namespace, chatcluster) (rate(guildhall_gateway_delivery_seconds_count[%[1]s])) - ` +
				`sum by (namespace, chatcluster) (rate(guildhall_gateway_delivery_seconds_bucket{le=~"1(\\.0)?"}[%[1]s]))`,
			noticed: "Messages reach clients late.",
		},
		{
			ID: "rest", Alert: "GuildhallRESTBudgetBurn", Title: "REST", Target: 0.999,
			Good: "requests are answered with anything but a 5xx",
			all:  `sum by (namespace, chatcluster) (rate(guildhall_http_request_duration_seconds_count[%[1]s]))`,
			bad: `sum by (namespace, chatcluster) (rate(guildhall_http_request_duration_seconds_count{status="5xx"}[%[1]s])) ` +
				`or 0 * sum by (namespace, chatcluster) (rate(guildhall_http_request_duration_seconds_count[%[1]s]))`,
			noticed: "Requests fail: clients can't send, load history or log in.",
		},
		{
			// Not counted: RESUMEs of sessions that are over or unknown, or that close the connection for what the client did.
			ID: "resume", Alert: "GuildhallResumeBudgetBurn", Title: "Resumes", Target: 0.995,
			Good: "RESUMEs of sessions that are within their window continue them",
			all: `sum by (namespace, chatcluster) (rate(guildhall_gateway_resumes_total{outcome=~"ok|try_again"}[%[1]s])) + ` +
				`(` + refusedResumes + ` or 0 * sum by (namespace, chatcluster) (rate(guildhall_gateway_resumes_total[%[1]s])))`,
			bad: `(sum by (namespace, chatcluster) (rate(guildhall_gateway_resumes_total{outcome="try_again"}[%[1]s])) ` +
				`or 0 * sum by (namespace, chatcluster) (rate(guildhall_gateway_resumes_total[%[1]s]))) + ` +
				`(` + refusedResumes + ` or 0 * sum by (namespace, chatcluster) (rate(guildhall_gateway_resumes_total[%[1]s])))`,
			noticed: "Reconnecting clients start anew: they load everything again and may miss what was said meanwhile.",
		},
	}
}

const refusedResumes = `sum by (namespace, chatcluster) (rate(guildhall_gateway_resume_refusals_total{reason!~"unknown|ended"}[%[1]s]))`

// burn is a pair of windows: the long one says that it matters, the short one that it still goes on.
// https://sre.google/workbook/alerting-on-slos/#6-multiwindow-multi-burn-rate-alerts
type burn struct {
	long, short, hold time.Duration
	factor            float64 // times the rate that uses up the budget just within the period
	severity          Severity
}

var burns = []burn{
	{long: time.Hour, short: 5 * time.Minute, hold: 2 * time.Minute, factor: 14.4, severity: Critical},
	{long: 6 * time.Hour, short: 30 * time.Minute, hold: 15 * time.Minute, factor: 6, severity: Critical},
	{long: 24 * time.Hour, short: 2 * time.Hour, hold: time.Hour, factor: 3, severity: Warning},
	{long: 72 * time.Hour, short: 6 * time.Hour, hold: 3 * time.Hour, factor: 1, severity: Warning},
}

// fewest is how many bad ones within the long window ring at least: of three requests at night, one is no trend.
const fewest = 10

// base is what is computed from samples; longer windows are averages of it.
const base = 5 * time.Minute

func objectives(scale Scale) Group {
	group := Group{Subsystem: SLO}
	for _, o := range Objectives() {
		group.Recordings = append(group.Recordings,
			Recording{o.record("all"), fmt.Sprintf(o.all, scale.Range(base))},
			Recording{o.record("bad"), fmt.Sprintf(o.bad, scale.Range(base))},
		)
		for _, window := range []time.Duration{base, 30 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 24 * time.Hour, 72 * time.Hour} {
			group.Recordings = append(group.Recordings, Recording{o.Ratio(window), o.ratioOver(scale.Range(window))})
		}
		for _, b := range burns {
			group.Alerts = append(group.Alerts, o.alert(b, scale))
		}
	}
	return group
}

func (o Objective) record(what string) string { return "guildhall:" + o.ID + "_" + what + ":rate5m" }

// Ratio names the recording of the part that was bad, over a window. It is there while anything happens.
func (o Objective) Ratio(window time.Duration) string {
	return "guildhall:" + o.ID + "_errors:ratio_rate" + Production.Range(window)
}

// Budget is the part that may be bad.
func (o Objective) Budget() float64 { return round(1 - o.Target) }

func (o Objective) ratioOver(window string) string {
	return fmt.Sprintf("avg_over_time(%s[%s]) / (avg_over_time(%s[%s]) > 0)", o.record("bad"), window, o.record("all"), window)
}

func (o Objective) alert(b burn, scale Scale) Alert {
	bound := round(b.factor * o.Budget())
	long := scale.Range(b.long)
	return Alert{
		Name: o.Alert, Severity: b.severity, For: scale.Time(b.hold),
		Labels: map[string]string{"long": Production.Range(b.long), "short": Production.Range(b.short)},
		Conditions: []Condition{
			{o.Ratio(b.long), Above, bound},
			{o.Ratio(b.short), Above, bound},
			{fmt.Sprintf("avg_over_time(%s[%s]) * %g", o.record("bad"), long, scale.Seconds(b.long)), Above, fewest},
		},
		Summary: fmt.Sprintf("%s: the error budget of 30 days is used up %g times too fast", o.Title, b.factor),
		Description: fmt.Sprintf("%s Promised: %g %% of the time %s. In {{ $labels.namespace }}/{{ $labels.chatcluster }}, over %s, "+
			"{{ $value | humanizePercentage }} were not.", o.noticed, o.Target*100, strings.TrimSuffix(o.Good, "."), Production.Range(b.long)),
	}
}

// round takes away what floating point adds: 14.4 * (1 - 0.999) is 0.014400000000000013.
func round(x float64) float64 { return float64(int64(x*1e9+0.5)) / 1e9 }
