// Package proxy is the WebSocket front door: it greets a client, reads until it knows where the client belongs, and from
// then on copies bytes.
//
// A request becomes a [link] (http.go). greet.go sends HELLO, answers heartbeats and peeks at frames (frames.go) until an
// IDENTIFY or RESUME says where the client belongs (opening.go). dial.go opens an internal upgrade to a pod that the
// placement table names, with a word on what has happened so far, and sends it the opening frame as it came. relay.go
// then copies both ways. drain.go has the pods part with the clients when the router stops.
package proxy
