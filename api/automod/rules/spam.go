package rules

import (
	"regexp"
	"strings"
)

// Discord judges spam by a model that it does not publish. Here a text is spam if it has one of the plain marks below;
// that somebody says the same again and again is known to package automod alone.
const (
	maxLinks   = 5  // different links
	maxInvites = 2  // different invites
	minFlood   = 40 // words, so that short songs and cheers pass
	// A flood of words has fewer than one different word in so many.
	floodRatio = 8
	minRun     = 100 // the same character so many times in a row
)

var (
	linkPattern   = regexp.MustCompile(`https?://[^\s<>]+`)
	invitePattern = regexp.MustCompile(`(?i)(?:discord\.gg|/invite)/[a-z0-9-]+`)
	// Text that paints over the lines above and below.
	marksPattern = regexp.MustCompile(`\p{M}{13}`)
)

// spam reports whether a text by itself looks like spam.
func spam(text string) bool {
	return distinct(linkPattern.FindAllString(text, -1)) > maxLinks ||
		distinct(invitePattern.FindAllString(text, -1)) > maxInvites ||
		flood(text) || run(text) || marksPattern.MatchString(text)
}

func distinct(texts []string) int {
	seen := map[string]bool{}
	for _, t := range texts {
		seen[t] = true
	}
	return len(seen)
}

// flood: the same few words over and over.
func flood(text string) bool {
	words := strings.Fields(lowered(text))
	return len(words) >= minFlood && distinct(words)*floodRatio < len(words)
}

// run: one character held down. A line drawn with dashes is none.
func run(text string) bool {
	var last rune
	n := 0
	for _, r := range text {
		if r != last {
			last, n = r, 0
		}
		if n++; n >= minRun && inWord(r) {
			return true
		}
	}
	return false
}
