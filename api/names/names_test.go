package names

import (
	"strings"
	"testing"

	"guildhall.chat/guildhall/api/form"
)

func TestNames(t *testing.T) {
	t.Parallel()
	user := func(p *form.Problems, name string) { CheckUser(p, name) }
	bot := func(p *form.Problems, name string) { CheckBot(p, "username", name) }
	display := func(p *form.Problems, name string) { CheckDisplay(p, "global_name", name) }
	for _, tt := range []struct {
		what  string
		check func(*form.Problems, string)
		good  []string
		bad   []string
	}{
		{"user", user, []string{"ab", "a.b_9", strings.Repeat("z", 32)},
			[]string{"", "a", "A b", "Ab", "a..b", "a-b", "ä b", "here", "everyone", strings.Repeat("z", 33), "a\n"}},
		{"bot", bot, []string{"My Bot", "機械機械", strings.Repeat("ä", 32)},
			[]string{"", "a", " ab", "ab ", "a@b", "a#b", "a:b", "a```b", "Here", "a\tb", "a\u202eb", strings.Repeat("ä", 33)}},
		{"display", display, []string{"", "Zoë", "x", strings.Repeat("ä", 32)}, []string{" x", "x\u0007", "\u2066x", strings.Repeat("ä", 33)}},
	} {
		for _, name := range tt.good {
			var p form.Problems
			if tt.check(&p, name); p.Err() != nil {
				t.Errorf("%s %q: %v", tt.what, name, p.Err())
			}
		}
		for _, name := range tt.bad {
			var p form.Problems
			if tt.check(&p, name); p.Err() == nil {
				t.Errorf("%s %q was accepted", tt.what, name)
			}
		}
	}
}
