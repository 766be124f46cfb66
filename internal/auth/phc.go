package auth

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// errPHC says that a stored hash can't be read. The text isn't in the message.
var errPHC = errors.New("auth: stored password hash is not argon2id in PHC format")

// params is what an argon2id hash costs.
type params struct {
	memory  uint32 // KiB
	time    uint32 // passes
	threads uint8
}

// phc is a hash in PHC string format: $argon2id$v=19$m=<KiB>,t=<passes>,p=<threads>$<salt>$<hash>.
// https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md
type phc struct {
	params
	salt, hash []byte
}

var phcBase64 = base64.RawStdEncoding.Strict()

func (h phc) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memory, h.time, h.threads,
		phcBase64.EncodeToString(h.salt), phcBase64.EncodeToString(h.hash))
}

// parsePHC reads a stored hash within bounds that no hash of ours comes near: 1 GiB, 16 passes, 16 threads, 64 bytes.
func parsePHC(text string) (phc, error) {
	fields := strings.Split(text, "$")
	if len(text) > 256 || !plausible(text) || len(fields) != 6 || fields[0] != "" || fields[1] != "argon2id" ||
		fields[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, errPHC
	}
	costs := strings.Split(fields[3], ",")
	if len(costs) != 3 {
		return phc{}, errPHC
	}
	memory, errMemory := parseCost(costs[0], "m=", 1<<20)
	time, errTime := parseCost(costs[1], "t=", 16)
	threads, errThreads := parseCost(costs[2], "p=", 16)
	salt, errSalt := phcBase64.DecodeString(fields[4])
	hash, errHash := phcBase64.DecodeString(fields[5])
	if errors.Join(errMemory, errTime, errThreads, errSalt, errHash) != nil ||
		len(salt) < 8 || len(salt) > 64 || len(hash) < 16 || len(hash) > 64 {
		return phc{}, errPHC
	}
	return phc{params{memory, time, uint8(threads)}, salt, hash}, nil
}

func parseCost(field, name string, most uint32) (uint32, error) {
	digits, found := strings.CutPrefix(field, name)
	n, err := strconv.ParseUint(digits, 10, 32)
	if !found || err != nil || n == 0 || uint32(n) > most {
		return 0, errPHC
	}
	return uint32(n), nil
}
