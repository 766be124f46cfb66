// Package rules defines what Prometheus computes and rings for: recording rules, the service level objectives (slo.go) and the
// alerts, a file for each component. [Groups] gives them all; [File] writes them as Prometheus reads them, [PrometheusRule] as the
// Prometheus operator does. A package test tries each alert, firing and not firing.
//
// Series are told apart by labels that the scrape gives: namespace, chatcluster, component, pod and, on gateway pods, shard.
package rules

import (
	"strconv"
	"strings"
	"time"
)

// Severity says what an alert is for.
type Severity string

const (
	// Critical wakes somebody: users notice, or are about to.
	Critical Severity = "critical"
	// Warning is for the next working day.
	Warning Severity = "warning"
)

// Operators of conditions.
const (
	Above = ">"
	Below = "<"
	Is    = "=="
)

// Condition compares a value with a bound.
type Condition struct {
	Value string // PromQL; has a result whenever what it is about is there, whether all is well or not
	Op    string
	Bound float64
}

func (c Condition) expr() string {
	return c.Value + " " + c.Op + " " + strconv.FormatFloat(c.Bound, 'f', -1, 64)
}

// Alert rings while all of its conditions hold for the same labels.
type Alert struct {
	Name        string // also that of its runbook, docs/runbooks/NAME.md
	Severity    Severity
	Subsystem   string // of Subsystems, or a template of one; that of its group if it is empty
	Conditions  []Condition
	For         time.Duration     // how long they must have held
	Keep        time.Duration     // how long it rings on afterwards, so that what flaps rings once
	Labels      map[string]string // beside severity and subsystem
	Summary     string            // one line
	Description string            // what it means for users
}

// Expr is the alert's PromQL.
func (a Alert) Expr() string {
	parts := make([]string, 0, len(a.Conditions))
	for _, c := range a.Conditions {
		parts = append(parts, c.expr())
	}
	return strings.Join(parts, "\nand\n")
}

// Recording computes a series ahead.
type Recording struct {
	Name  string
	Value string // PromQL
}

// Group is what Prometheus evaluates together, in order.
type Group struct {
	Subsystem  string // also that of its alerts
	Recordings []Recording
	Alerts     []Alert
}

// Subsystems that alerts are about. Those of processes are named as the component label names these.
const (
	SLO         = "slo" // what users notice, whichever subsystem it comes from
	API         = "api"
	Worker      = "worker"
	Gateway     = "gateway"
	ShardRouter = "shard-router"
	EventLog    = "event-log"
	Postgres    = "postgres"
	Redis       = "redis"
	Operator    = "operator"
)

// Groups returns all rules with their times scaled.
func Groups(scale Scale) []Group {
	groups := []Group{
		objectives(scale),
		targets(scale),
		api(scale),
		gateway(scale),
		router(scale),
		eventLog(scale),
		postgres(scale),
		redis(scale),
		operator(scale),
	}
	for _, group := range groups {
		for i := range group.Alerts {
			if group.Alerts[i].Subsystem == "" {
				group.Alerts[i].Subsystem = group.Subsystem
			}
		}
	}
	return groups
}

// Alerts returns the alerts of all groups.
func Alerts(scale Scale) (all []Alert) {
	for _, group := range Groups(scale) {
		all = append(all, group.Alerts...)
	}
	return all
}
