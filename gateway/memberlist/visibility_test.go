package memberlist

import (
	"testing"

	"github.com/twmb/murmur3"

	"guildhall.chat/guildhall/internal/permissions"
)

// TestReferenceVectors holds the library against the published values of MurmurHash3_x86_32 with seed 0: clients work out
// list ids by themselves.
func TestReferenceVectors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]uint32{
		"": 0, "test": 0xba6bd213, "Hello, world!": 0xc0363e43, "The quick brown fox jumps over the lazy dog": 0x2e4ff723,
	} {
		if got := murmur3.StringSum32(text); got != want {
			t.Errorf("%q: %#x, want %#x", text, got, want)
		}
	}
}

func TestListID(t *testing.T) {
	t.Parallel()
	const view = permissions.ViewChannel
	allow := permissions.Overwrite{ID: 20, Allow: view}
	deny := permissions.Overwrite{ID: 3, Kind: permissions.OfMember, Deny: view}
	both := permissions.Overwrite{ID: 21, Allow: view, Deny: view}
	other := permissions.Overwrite{ID: 22, Deny: permissions.SendMessages}
	tests := map[string]struct {
		everyone   permissions.Set
		overwrites []permissions.Overwrite
		private    bool
		want       string
	}{
		"plain":                    {view, nil, false, "everyone"},
		"administrators all":       {permissions.Administrator, nil, false, "everyone"},
		"other overwrites":         {view, []permissions.Overwrite{other}, false, "everyone"},
		"only allowed":             {view, []permissions.Overwrite{allow}, false, "everyone"},
		"allowed and denied":       {view, []permissions.Overwrite{both}, false, "everyone"},
		"allowed by the overwrite": {0, []permissions.Overwrite{{ID: guildID, Allow: view}}, false, "everyone"},
		"private thread":           {view, nil, true, "0"},
		"hidden by the role":       {0, []permissions.Overwrite{other}, false, "0"},
		"somebody is denied":       {view, []permissions.Overwrite{deny, allow}, false, "1551187803"},
		"sorted as text":           {view, []permissions.Overwrite{allow, {ID: 100, Allow: view}, deny}, false, "1155602369"},
	}
	for name, tt := range tests {
		v := VisibilityOf(guildWith(tt.everyone, 20, 21, 22), &permissions.Channel{Overwrites: tt.overwrites}, tt.private)
		if got := v.ListID(); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}
