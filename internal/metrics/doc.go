// Package metrics is where every metric of the platform is declared: a name by Prometheus' conventions, in base units, with a
// help text and bounded labels (never the id of a guild or a user).
//
//	package that owns the fact --NewCounter, NewGauge, ...--> Registry --Gather--> /metrics of the admin port
//	                                                             |
//	                                                             +--Definitions--> docs/metrics.md (package page), its tests
//
// What happens often is counted by children that were looked up before: no labels are looked up and nothing is allocated on the
// way of a request or a dispatch. What is known all the time anyway, as the state of a pool, is read when it is scraped; see
// [Reading].
package metrics
