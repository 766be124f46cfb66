package rules

import (
	"strings"
	"unicode"
	"unicode/utf8"

	ahocorasick "github.com/petar-dambovaliev/aho-corasick"
)

// keyword is a text to look for. A "*" at an end lets a word go on there; without, the keyword must be whole words.
// https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-rule-object-keyword-matching-strategies
type keyword struct {
	text        string // as it was given
	core        string // without wildcards, in lower case
	left, right bool   // may be in the middle of a word at that side
	rule        int
}

func parseKeyword(text string, rule int) keyword {
	k := keyword{text: text, rule: rule}
	core := strings.TrimSpace(text)
	core, k.left = strings.CutPrefix(core, "*")
	core, k.right = strings.CutSuffix(core, "*")
	k.core = lowered(strings.TrimSpace(core))
	return k
}

// fits reports whether the ends of a match are where the keyword allows them.
func (k *keyword) fits(text string, start, end int) bool {
	if !k.left {
		before, _ := utf8.DecodeLastRuneInString(text[:start])
		if inWord(before) {
			return false
		}
	}
	if !k.right {
		after, _ := utf8.DecodeRuneInString(text[end:])
		if inWord(after) {
			return false
		}
	}
	return true
}

// inWord: RuneError, which stands for the end of the text, is neither.
func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// finder finds several keywords in one pass; nil finds nothing.
type finder struct {
	keywords  []keyword
	automaton ahocorasick.AhoCorasick
}

func newFinder(keywords []keyword) *finder {
	f := &finder{}
	var cores []string
	for _, k := range keywords {
		if k.core != "" {
			f.keywords = append(f.keywords, k)
			cores = append(cores, k.core)
		}
	}
	if len(cores) == 0 {
		return nil
	}
	builder := ahocorasick.NewAhoCorasickBuilder(ahocorasick.Opts{MatchKind: ahocorasick.StandardMatch, DFA: false})
	f.automaton = builder.Build(cores)
	return f
}

// each calls visit with every keyword that is in a text of lower case, until it returns false.
func (f *finder) each(lower string, visit func(k *keyword, start, end int) bool) {
	if f == nil {
		return
	}
	iter := f.automaton.IterOverlapping(lower)
	for match := iter.Next(); match != nil; match = iter.Next() {
		k := &f.keywords[match.Pattern()]
		if k.fits(lower, match.Start(), match.End()) && !visit(k, match.Start(), match.End()) {
			return
		}
	}
}

// lowered is a text without the difference of case.
func lowered(text string) string { return strings.Map(unicode.ToLower, text) }

// original is the part of the text that a match in its lower case stands for. Few characters are of another length in
// lower case; with one of them in the text, the lower case has to do.
func original(text, lower string, start, end int) string {
	if len(text) == len(lower) {
		return text[start:end]
	}
	return lower[start:end]
}
