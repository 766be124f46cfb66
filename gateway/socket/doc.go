// Package socket is the WebSocket transport of the gateway.
//
// Handler accepts a connection, from a client at / or from the shard router at /internal/session, and makes it a Conn. One
// goroutine reads each Conn and hands its messages to the Protocol above. Nothing else runs for an idle connection: a
// writer is started when there is something to send, takes all that waits, encodes it into few writes and ends.
//
//	client --frame--> reader --message--> Protocol
//	client <--write-- writer <--control payloads, Source.Next-- session
//
// gorilla/websocket upgrades and reads; frames to the client are built here, because a batch of them must go out in one
// system call.
package socket
