// Package delivery puts everything that a pod dispatches in one order, and takes it to the sessions.
//
//	fan-out, sessions --Submit--> Line: position -> journal (write ahead) -> history -> lanes --Accept, Flush--> Receiver
//
// A Line numbers dispatches by position and writes them ahead in batches: while one batch is on its way to the journal the
// next one gathers. A batch that is safe goes into the history, from which a resumed session is sent again what it missed,
// and to the lanes. A lane is a goroutine, one a core; each session belongs to one lane, so that a session's order is the
// line's and no two lanes meet at a session. A lane queues a batch at its sessions as it comes and flushes those that it touched
// in turn: under load, many dispatches leave in one write, and none waits for longer than a turn.
//
// The package knows neither guilds nor connections. See docs/adr/0004-one-order-per-pod.md.
package delivery
