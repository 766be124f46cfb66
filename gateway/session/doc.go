// Package session is what a client is to the gateway: the protocol of its connection, and the session that outlives it and
// its pod.
//
// A Client runs the protocol of one connection: heartbeats, limits, IDENTIFY and RESUME (client.go, identify.go, claim.go)
// and what a client may ask for afterwards (request.go). IDENTIFY makes a Session: a numbered stream of dispatches. A session
// takes them from one lane of the pod's line; their numbers are the line's positions and the session's base:
//
//	views, the session itself --Submit--> delivery.Line --Accept--> queue --Next--> the attached connection
//	                                      history, journal          kept: made for this session alone, not acknowledged
//
// A session without a connection queues nothing. What was for it is in the line's history, and what was made for it alone is
// kept until a heartbeat says that it has arrived. RESUME where the session is (resume.go): RESUMED goes through the line;
// where it comes out, all before it can be had again, and all after it is held back until that is sent.
//
// RESUME elsewhere (move.go, past.go): a record in Redis says who has the session, and in which guilds it is (record.go); the
// journal of that process says what the client has missed. The new process takes seats in its own views, holds back what
// comes, judges what was missed, claims the record, and sends that under the old numbers, and the rest far above them. What can't
// be told exactly is refused. A guild is in the record before the client is told of it, so record and journal agree wherever
// the client has got to.
//
// Locks, outermost first: fan-out's views, Session, Conn. A session's end leaves the views, so it never runs with a lock
// held.
package session
