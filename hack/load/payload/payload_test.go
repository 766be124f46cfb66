package payload

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestEveryByteOfTheTextCounts(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 7, 12345678} {
		d, err := json.Marshal(map[string]string{"content": Content(n)})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Number(d); got != n || err != nil {
			t.Fatalf("message %d is known as %d, %v", n, got, err)
		}
		start := strings.Index(string(d), `:"`) + 2
		for at := start; at < len(d)-1; at++ {
			damaged := append([]byte(nil), d...)
			damaged[at] ^= 1
			if got, err := Number(damaged); err == nil && got == n {
				t.Fatalf("damage at byte %d of message %d passed", at, n)
			}
		}
	}
}

func TestWhatIsNoMessageOfOurs(t *testing.T) {
	t.Parallel()
	for _, d := range []string{``, `{}`, `{"content":"hello"}`, `{"content":"message 000`, `{"content":"message abcdefgh x"}`} {
		if n, err := Number([]byte(d)); err == nil {
			t.Errorf("%q is message %d", d, n)
		}
	}
}
