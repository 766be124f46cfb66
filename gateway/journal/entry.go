package journal

import "guildhall.chat/guildhall/internal/snowflake"

// Kind says what an entry is about. The zero kind is no entry. Neighbouring versions read each other's journals: kinds are
// added, never changed, and there are at most maxKind.
type Kind uint8

const (
	// Event is an event of a log: Log, Seq. It moves the log's head.
	Event Kind = iota + 1
	// Opened says that the pod follows a log from Seq on. It sets the log's head.
	Opened
	// Closed says that the pod no longer follows a log, and removes its head.
	Closed
	// Entered says that a session was sent GUILD_CREATE, and is told of the events above Seq; Log is the guild.
	Entered
	// Left says that a session was sent GUILD_DELETE because it is not in the guild any more; Log is the guild.
	Left
	// Asked says that a session has asked for members; Seq is the number of the request, Data the request.
	Asked
	// Answered says that the session was sent all of the answer to request Seq.
	Answered
	// Tick says nothing but how far the line has come; see MaxSilent.
	Tick
	// Seated says that a session is told of a log's events above Seq, as Entered does, but has what was before by another
	// way: in READY, or from before it moved here.
	Seated
)

// Entry is one position of a pod's line.
type Entry struct {
	Position int64
	Kind     Kind
	Log      snowflake.ID
	Seq      int64
	Session  uint64 // Entered, Left, Asked, Answered, Seated: the session's key, see Key
	Data     []byte // Asked; at most MaxData
}

const (
	// Jump is by how much the positions of a batch, and all later ones, rise when Append fails otherwise than with
	// ErrDegraded: far more than MaxSilent, so that what was not journaled can be told from what was, and more than a pod
	// sends in a resume window; but few enough that `s` fits 31 bits after hundreds of moves, as clients want (Discord.Net).
	Jump = 1 << 22
	// MaxSilent is how many positions without an entry may follow each other. The line adds a Tick in time.
	MaxSilent = 1 << 20
	// MaxData bounds Entry.Data, in bytes.
	MaxData = 64 << 10
)
