package posting

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzParseMentions: any text gives bounded mentions, each id once, and none where there is no @.
func FuzzParseMentions(f *testing.F) {
	for _, seed := range []string{"<@1><@!2><@&3>@everyone", "`<@1>`", "```<@1>", "<@18446744073709551616>", "<@0>@here", "``` ` ``` `"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		if !utf8.ValidString(content) || len(content) > 8000 {
			return
		}
		m := parseMentions(content)
		if len(m.users) > maxMentions || len(m.roles) > maxMentions {
			t.Fatalf("%d users, %d roles", len(m.users), len(m.roles))
		}
		seen := map[any]bool{}
		for _, id := range m.users {
			if seen[id] || id == 0 || !strings.Contains(content, id.String()) {
				t.Fatalf("user %s", id)
			}
			seen[id] = true
		}
		if !strings.Contains(content, "@") && (len(m.users) > 0 || len(m.roles) > 0 || m.everyone) {
			t.Fatalf("mentions without @: %+v", m)
		}
	})
}
