package journal

import (
	"crypto/rand"
	"strings"
)

// Process names one run of a pod, <pod>.<random>: whoever starts anew begins another journal.
type Process string

// bootLetters is how many random base32 letters tell the runs of a pod apart, as long as their journals live.
const bootLetters = 8

// NewProcess returns a name for this run of the pod.
func NewProcess(pod string) Process {
	return Process(pod + "." + strings.ToLower(rand.Text()[:bootLetters]))
}

// The keys of a journal share one hash tag, so that one script reaches both.

// entriesKey is a stream: <last position>-0 -> payload, one entry a batch.
func (p Process) entriesKey() string { return "journal:{" + string(p) + "}" }

// headsKey is a hash: log -> seq, and the fields below.
func (p Process) headsKey() string { return "journal:{" + string(p) + "}:heads" }
