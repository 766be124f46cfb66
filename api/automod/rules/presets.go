package rules

import (
	_ "embed"
	"strings"
)

// The lists are the project's own: words whose use as an insult or as pornography is plain, as keywords with wildcards, one
// a line. They are no complete dictionary, and English only; a guild adds its own with a keyword rule.
var (
	//go:embed words/profanity.txt
	profanity string
	//go:embed words/sexual.txt
	sexual string
	//go:embed words/slurs.txt
	slurs string
)

// presets are the lists by Discord's numbers.
// https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-rule-object-keyword-preset-types
var presets = map[int][]string{1: lines(profanity), 2: lines(sexual), 3: lines(slurs)}

func lines(text string) []string { return strings.Split(strings.TrimSpace(text), "\n") }
