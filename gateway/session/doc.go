// Package session is what a client is to the gateway: the protocol of its connection, and the session that outlives it.
//
// A Client runs the protocol of one connection: heartbeats, limits, IDENTIFY and RESUME (client.go, identify.go, resume.go)
// and what a client may ask for afterwards. IDENTIFY makes a Session: a numbered stream of dispatches. Fan-out delivers
// into the session's buffer; the connection's writer takes from it where it has got to; RESUME sets another connection to
// where the client says it has got to. The buffer is thus the send queue and the replay at once, and one lock orders all
// three, so that nothing is lost or repeated in between:
//
//	fan-out --Deliver--> buffer [dropped | replayable | unsent] --Next--> the attached connection
//
// A session whose connection is lost goes on receiving until it is resumed or the resume window is over. Registry is where
// a pod's sessions are kept and claimed.
//
// Locks, outermost first: fan-out's views, Session, Conn. A session's end leaves the views, so it never runs with a lock
// held.
package session
