// Package tracing follows single requests through the platform, as OpenTelemetry traces with W3C trace context.
//
// Start switches it on for the process; before, and without an endpoint, nothing is recorded and nothing is paid: every
// function here returns at once what it was given, without an allocation, and Postgres and Redis have no hooks.
//
//	request --Request--> span in ctx --Begin--> spans of what is done for it
//	                        |
//	                        +--Carry--> text in the event's header, the row or the header of a request --Follow--> another process
//
// Only the first process decides whether a request is traced: one in so many, or because the caller's traceparent says so.
// All others follow what they are handed. What is done once for several requests is one span in the trace of the first of
// them, and the others' spans are linked with it (Together).
//
// Spans have no content of messages, no tokens, no names, addresses or ids of anybody.
// https://www.w3.org/TR/trace-context/
package tracing
