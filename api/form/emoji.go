package form

import (
	"unicode"
	"unicode/utf8"
)

// maxEmoji bounds a Unicode emoji, in bytes; the longest in use, families with skin tones and tag flags, have about 40.
const maxEmoji = 64

// Runes that stand within an emoji.
// https://www.unicode.org/reports/tr51/#Emoji_Sequences
const (
	joiner      = '\u200D'
	textStyle   = '\uFE0E'
	emojiStyle  = '\uFE0F'
	keycap      = '\u20E3'
	firstTag    = '\U000E0020'
	lastTag     = '\U000E007F'
	firstTone   = '\U0001F3FB'
	lastTone    = '\U0001F3FF'
	firstRegion = '\U0001F1E6'
	lastRegion  = '\U0001F1FF'
)

// IsEmoji reports whether a text has the form of one emoji. It goes by the blocks of Unicode that have emojis, so that it
// need not know each new one.
func IsEmoji(text string) bool {
	if text == "" || len(text) > maxEmoji || !utf8.ValidString(text) {
		return false
	}
	rest := []rune(text)
	for {
		var ok bool
		if rest, ok = element(rest); !ok {
			return false
		}
		if len(rest) == 0 {
			return true
		}
		if rest[0] != joiner {
			return false
		}
		rest = rest[1:]
	}
}

// Emoji notes a text that is no Unicode emoji.
func (p *Problems) Emoji(path, text string) {
	if !IsEmoji(text) {
		p.Add(path, "BASE_TYPE_BAD_VALUE", "Not an emoji.")
	}
}

// element takes one emoji, as may be joined with others, off the runes.
func element(runes []rune) (rest []rune, ok bool) {
	if len(runes) == 0 {
		return nil, false
	}
	first, rest := runes[0], runes[1:]
	switch {
	case isRegion(first):
		if len(rest) == 0 || !isRegion(rest[0]) {
			return nil, false
		}
		return rest[1:], true
	case first >= '0' && first <= '9', first == '#', first == '*':
		rest = skip(rest, emojiStyle, emojiStyle)
		if len(rest) == 0 || rest[0] != keycap {
			return nil, false
		}
		return rest[1:], true
	case !unicode.Is(emojiBlocks, first):
		return nil, false
	}
	rest = skip(rest, textStyle, emojiStyle)
	rest = skip(rest, firstTone, lastTone)
	for {
		shorter := skip(rest, firstTag, lastTag)
		if len(shorter) == len(rest) {
			return rest, true
		}
		rest = shorter
	}
}

func isRegion(r rune) bool { return r >= firstRegion && r <= lastRegion }

// skip takes off the first rune if it is in the range.
func skip(runes []rune, from, to rune) []rune {
	if len(runes) > 0 && runes[0] >= from && runes[0] <= to {
		return runes[1:]
	}
	return runes
}

// emojiBlocks are the blocks and single characters that an emoji can begin with.
// https://www.unicode.org/Public/emoji/latest/emoji-sequences.txt
var emojiBlocks = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x00A9, Hi: 0x00A9, Stride: 1},
		{Lo: 0x00AE, Hi: 0x00AE, Stride: 1},
		{Lo: 0x203C, Hi: 0x203C, Stride: 1},
		{Lo: 0x2049, Hi: 0x2049, Stride: 1},
		{Lo: 0x2122, Hi: 0x2122, Stride: 1},
		{Lo: 0x2139, Hi: 0x2139, Stride: 1},
		{Lo: 0x2194, Hi: 0x2199, Stride: 1},
		{Lo: 0x21A9, Hi: 0x21AA, Stride: 1},
		{Lo: 0x231A, Hi: 0x23FF, Stride: 1},
		{Lo: 0x24C2, Hi: 0x24C2, Stride: 1},
		{Lo: 0x25AA, Hi: 0x25FE, Stride: 1},
		{Lo: 0x2600, Hi: 0x27BF, Stride: 1},
		{Lo: 0x2934, Hi: 0x2935, Stride: 1},
		{Lo: 0x2B05, Hi: 0x2B55, Stride: 1},
		{Lo: 0x3030, Hi: 0x3030, Stride: 1},
		{Lo: 0x303D, Hi: 0x303D, Stride: 1},
		{Lo: 0x3297, Hi: 0x3297, Stride: 1},
		{Lo: 0x3299, Hi: 0x3299, Stride: 1},
	},
	R32:         []unicode.Range32{{Lo: 0x1F004, Hi: 0x1FAFF, Stride: 1}},
	LatinOffset: 2,
}
