package form

import (
	"testing"
	"unicode/utf8"
)

func TestEmojiForms(t *testing.T) {
	t.Parallel()
	for _, emoji := range []string{
		"👍", "👍🏽", "❤", "❤️", "☺️", "1️⃣", "#⃣", "🇩🇪", "👨‍👩‍👧‍👦", "👩🏿‍❤️‍💋‍👨🏻", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏳️‍🌈", "©", "™️", "⌚", "🀄", "🫠", "⭐", "↔️",
	} {
		if !IsEmoji(emoji) {
			t.Errorf("%s (%+q) was refused", emoji, emoji)
		}
	}
	for _, text := range []string{
		"", "a", "thumbsup", ":+1:", "party:123456789012345678", "a:party:123456789012345678", "1", "👍👍", "👍a", "a👍", "🇩", "🇩x",
		"👍\u200D", "\u200D👍", "\uFE0F", "ä", "中", " 👍", "1\uFE0F", "\xff", "👨‍👩‍👧‍👦‍👨‍👩‍👧‍👦‍👨‍👩‍👧‍👦‍👨‍👩‍👧‍👦",
	} {
		if IsEmoji(text) {
			t.Errorf("%q was taken for an emoji", text)
		}
	}
}

// FuzzEmoji: what is accepted is bounded, valid UTF-8, and has no character of plain text but those of keycaps.
func FuzzEmoji(f *testing.F) {
	for _, seed := range []string{"👍🏽", "1️⃣", "🇩🇪", "👨‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "a", "\u200D"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !IsEmoji(text) {
			return
		}
		if len(text) > maxEmoji || !utf8.ValidString(text) {
			t.Fatalf("%q", text)
		}
		for _, r := range text {
			if r < 0x80 && (r < '0' || r > '9') && r != '#' && r != '*' {
				t.Fatalf("%q has %q", text, r)
			}
		}
	})
}
