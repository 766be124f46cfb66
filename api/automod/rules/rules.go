// Package rules decides whether a text breaks a guild's rules of auto-moderation. It does nothing about it: see package
// automod.
//
// The rules of a guild are compiled once, when package access loads the guild. All keywords of all rules become one
// Aho-Corasick automaton, which finds them in one pass over the text; what it finds is then held against wildcards and
// word boundaries, and against the rule's allow list.
// https://discord.com/developers/docs/resources/auto-moderation
package rules

import (
	"regexp"
	"slices"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Set is the enabled rules of a guild. It is shared and never changed; a nil Set has no rules.
type Set struct {
	rules    []*rule
	keywords *finder // of all rules; tagged with the rule
}

type rule struct {
	*discord.AutoModRule
	allowed *finder
	regexes []*regexp.Regexp
}

// Compile makes a set; nil if no rule is enabled.
func Compile(list []discord.AutoModRule) *Set {
	s := &Set{}
	var keywords []keyword
	for _, one := range list {
		if !one.Enabled {
			continue
		}
		r := &rule{AutoModRule: &one}
		for _, text := range one.Metadata.KeywordFilter {
			keywords = append(keywords, parseKeyword(text, len(s.rules)))
		}
		for _, preset := range one.Metadata.Presets {
			for _, text := range presets[preset] {
				keywords = append(keywords, parseKeyword(text, len(s.rules)))
			}
		}
		for _, pattern := range one.Metadata.RegexPatterns {
			// All were compiled before they were stored; one that is none matches nothing.
			if re, err := regexp.Compile(pattern); err == nil {
				r.regexes = append(r.regexes, re)
			}
		}
		var allowed []keyword
		for _, text := range one.Metadata.AllowList {
			allowed = append(allowed, parseKeyword(text, 0))
		}
		r.allowed = newFinder(allowed)
		s.rules = append(s.rules, r)
	}
	if len(s.rules) == 0 {
		return nil
	}
	s.keywords = newFinder(keywords)
	return s
}

// Subject is what is checked, and whose it is.
type Subject struct {
	Event    int            // discord.AutoModOnMessage or AutoModOnMember
	Roles    []snowflake.ID // of the member
	Channels []snowflake.ID // the channel, and those above it
	Texts    []string       // what is said, or what the member is called
	Mentions int            // different users and roles
	// Repeated reports whether the author has said the same several times, Raid whether new members mention more people than
	// is usual. They are only asked when a rule wants to know; nil: no.
	Repeated, Raid func() bool
}

// Hit is a broken rule.
type Hit struct {
	Rule    *discord.AutoModRule
	Text    string  // the text that breaks it
	Keyword *string // the keyword or pattern, where it is one of those
	Matched *string // what of the text matches that
}

// Blocks reports whether the rule forbids what breaks it.
func (h Hit) Blocks() bool {
	return slices.ContainsFunc(h.Rule.Actions, func(a discord.AutoModAction) bool { return a.Type == discord.AutoModBlock })
}

// Check returns the rules that a subject breaks, each once.
func (s *Set) Check(subject *Subject) []Hit {
	if s == nil {
		return nil
	}
	applies := make([]bool, len(s.rules))
	one := false
	for i, r := range s.rules {
		applies[i] = r.EventType == subject.Event && !r.exempts(subject)
		one = one || applies[i]
	}
	if !one {
		return nil
	}
	found := make([]*Hit, len(s.rules))
	for _, text := range subject.Texts {
		s.checkText(text, applies, found)
	}
	for i, r := range s.rules {
		if applies[i] && found[i] == nil && r.broken(subject) {
			found[i] = &Hit{Rule: r.AutoModRule, Text: subject.text()}
		}
	}
	var hits []Hit
	for _, hit := range found {
		if hit != nil {
			hits = append(hits, *hit)
		}
	}
	return hits
}

func (s *Subject) text() string {
	if len(s.Texts) == 0 {
		return ""
	}
	return s.Texts[0]
}

// checkText looks for the keywords and patterns of the rules that apply and have not been broken yet.
func (s *Set) checkText(text string, applies []bool, found []*Hit) {
	lower := lowered(text)
	s.keywords.each(lower, func(k *keyword, start, end int) bool {
		r := s.rules[k.rule]
		if !applies[k.rule] || found[k.rule] != nil || r.allows(lower, start, end) {
			return true
		}
		matched := original(text, lower, start, end)
		found[k.rule] = &Hit{Rule: r.AutoModRule, Text: text, Keyword: &k.text, Matched: &matched}
		return true
	})
	for i, r := range s.rules {
		if !applies[i] || found[i] != nil {
			continue
		}
		for j, re := range r.regexes {
			at := re.FindStringIndex(text)
			if at == nil || at[0] == at[1] || len(lower) == len(text) && r.allows(lower, at[0], at[1]) {
				continue
			}
			matched := text[at[0]:at[1]]
			found[i] = &Hit{Rule: r.AutoModRule, Text: text, Keyword: &r.Metadata.RegexPatterns[j], Matched: &matched}
			break
		}
	}
}

// broken judges what is no matter of words.
func (r *rule) broken(s *Subject) bool {
	switch r.TriggerType {
	case discord.AutoModSpam:
		return slices.ContainsFunc(s.Texts, spam) || s.Repeated != nil && s.Repeated()
	case discord.AutoModMentionSpam:
		if limit := r.Metadata.MentionTotalLimit; limit != nil && *limit > 0 && s.Mentions > *limit {
			return true
		}
		protected := r.Metadata.RaidProtection
		return protected != nil && *protected && s.Mentions > 0 && s.Raid != nil && s.Raid()
	}
	return false
}

func (r *rule) exempts(s *Subject) bool {
	return overlap(r.ExemptRoles, s.Roles) || overlap(r.ExemptChannels, s.Channels)
}

func overlap(a, b []snowflake.ID) bool {
	return slices.ContainsFunc(a, func(id snowflake.ID) bool { return slices.Contains(b, id) })
}

// allows reports whether a match lies within something that the rule allows.
func (r *rule) allows(lower string, start, end int) bool {
	allowed := false
	r.allowed.each(lower, func(_ *keyword, from, to int) bool {
		allowed = from <= start && end <= to
		return !allowed
	})
	return allowed
}
