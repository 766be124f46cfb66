package rules

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

func onMessage(trigger discord.AutoModTrigger, m discord.AutoModMetadata) discord.AutoModRule {
	return discord.AutoModRule{
		ID: 1, Enabled: true, EventType: discord.AutoModOnMessage, TriggerType: trigger, Metadata: m,
		Actions: []discord.AutoModAction{{Type: discord.AutoModBlock}},
	}
}

func message(text string) *Subject {
	return &Subject{Event: discord.AutoModOnMessage, Texts: []string{text}}
}

func TestKeywords(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ keyword, text, matched string }{
		{"cat", "my cat.", "cat"},
		{"cat", "my CAT", "CAT"},
		{"cat", "cats", ""},
		{"cat", "concat", ""},
		{"cat", "caté", ""},
		{"cat*", "cats", "cat"},
		{"cat*", "concat", ""},
		{"*cat", "concat", "cat"},
		{"*cat", "cats", ""},
		{"*cat*", "concatenate", "cat"},
		{"tic tac", "a tic tac toe", "tic tac"},
		{"tic tac", "tic tacs", ""},
		{"Äpfel", "viele äpfel", "äpfel"},
		{"猫", "猫", "猫"},
		{"猫", "子猫", ""},
		{"*猫*", "子猫だ", "猫"},
		{"*", "anything", ""},
		{"!!!", "no!!!", ""}, // ends a word
		{"*!!!", "no!!!", "!!!"},
		{"İstanbul", "x İSTANBUL", "istanbul"}, // of another length in lower case
	} {
		s := Compile([]discord.AutoModRule{onMessage(discord.AutoModKeyword, discord.AutoModMetadata{KeywordFilter: []string{test.keyword}})})
		hits := s.Check(message(test.text))
		switch {
		case test.matched == "" && len(hits) > 0:
			t.Errorf("%q finds %q in %q", test.keyword, *hits[0].Matched, test.text)
		case test.matched != "" && len(hits) == 0:
			t.Errorf("%q is not found in %q", test.keyword, test.text)
		case test.matched != "" && (*hits[0].Matched != test.matched || *hits[0].Keyword != test.keyword):
			t.Errorf("%q finds %q in %q", test.keyword, *hits[0].Matched, test.text)
		}
	}
}

func TestAllowListAndPatterns(t *testing.T) {
	t.Parallel()
	s := Compile([]discord.AutoModRule{onMessage(discord.AutoModKeyword, discord.AutoModMetadata{
		KeywordFilter: []string{"*cat*"}, AllowList: []string{"concatenate", "cat 42"}, RegexPatterns: []string{`c[a-z]t\s*\d+`},
	})})
	for text, broken := range map[string]bool{
		"concatenate": false, "cat": true, "concatenate cats": true, "cat 42": false, "cut 42": true, "cat 43": true, "": false,
	} {
		if got := len(s.Check(message(text))) > 0; got != broken {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestPresets(t *testing.T) {
	t.Parallel()
	s := Compile([]discord.AutoModRule{onMessage(discord.AutoModKeywordPreset, discord.AutoModMetadata{
		Presets: []int{1, 2, 3}, AllowList: []string{"damn"},
	})})
	for text, broken := range map[string]bool{
		"what the fuck": true, "Scunthorpe": false, "a class in Essex": false, "damn": false, "goddamned": true,
		"cockpit": false, "raccoon": false, "a spicy dish": false, "hentai": true,
	} {
		if got := len(s.Check(message(text))) > 0; got != broken {
			t.Errorf("%q: %v", text, got)
		}
	}
	for preset, list := range presets {
		for _, line := range list {
			if strings.TrimSpace(line) != line || line == "" || parseKeyword(line, 0).core == "" {
				t.Errorf("preset %d: line %q", preset, line)
			}
		}
	}
}

func TestSpamAndMentions(t *testing.T) {
	t.Parallel()
	five, yes := 5, true
	set := Compile([]discord.AutoModRule{
		onMessage(discord.AutoModSpam, discord.AutoModMetadata{}),
		onMessage(discord.AutoModMentionSpam, discord.AutoModMetadata{MentionTotalLimit: &five, RaidProtection: &yes}),
	})
	const links = "https://a.example/ https://b.example/ https://c.example/ https://d.example/ https://e.example/ https://f.example/"
	for text, broken := range map[string]bool{
		strings.Repeat("buy now ", 30): true, "hi": false, links: true, strings.Repeat("https://a.example ", 10): false,
		strings.Repeat("a", 120): true, strings.Repeat("-", 120): false, "z\u0300" + strings.Repeat("\u0301", 20): true,
		"discord.gg/a discord.gg/b discord.gg/c": true, strings.Repeat("la ", 39): false,
	} {
		if got := len(set.Check(message(text))) > 0; got != broken {
			t.Errorf("%q: %v", text, got)
		}
	}
	again := func() bool { return true }
	for name, s := range map[string]*Subject{
		"repeated": {Event: 1, Texts: []string{"hi"}, Repeated: again},
		"mentions": {Event: 1, Texts: []string{"hi"}, Mentions: 6},
		"raid":     {Event: 1, Texts: []string{"hi"}, Mentions: 1, Raid: again},
	} {
		if len(set.Check(s)) != 1 {
			t.Error(name)
		}
	}
	for name, s := range map[string]*Subject{
		"mentions": {Event: 1, Texts: []string{"hi"}, Mentions: 5},
		"raid":     {Event: 1, Texts: []string{"hi"}, Raid: again},
		"member":   {Event: 2, Texts: []string{links}, Mentions: 6},
	} {
		if len(set.Check(s)) != 0 {
			t.Error("not", name)
		}
	}
}

func TestExemptionsAndDisabledRules(t *testing.T) {
	t.Parallel()
	r := onMessage(discord.AutoModKeyword, discord.AutoModMetadata{KeywordFilter: []string{"cat"}})
	r.ExemptRoles, r.ExemptChannels = []snowflake.ID{7}, []snowflake.ID{8}
	s := Compile([]discord.AutoModRule{r})
	for name, exempt := range map[string]*Subject{
		"role": {Roles: []snowflake.ID{6, 7}}, "channel": {Channels: []snowflake.ID{9, 8}},
	} {
		exempt.Event, exempt.Texts = 1, []string{"cat"}
		if len(s.Check(exempt)) > 0 {
			t.Error(name)
		}
	}
	r.Enabled = false
	if Compile([]discord.AutoModRule{r}) != nil || len((*Set)(nil).Check(message("cat"))) > 0 {
		t.Error("a disabled rule")
	}
}

// TestFinderAgainstTheModel: the automaton finds what looking for each keyword alone finds.
func TestFinderAgainstTheModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringMatching(`\*?[abc é]{1,4}\*?`), 1, 30).Draw(t, "keywords")
		text := rapid.StringMatching(`[abc éX.]{0,60}`).Draw(t, "text")
		lower := lowered(text)
		var keywords []keyword
		for _, k := range texts {
			keywords = append(keywords, parseKeyword(k, 0))
		}
		var got, want []string
		newFinder(keywords).each(lower, func(k *keyword, start, _ int) bool {
			got = append(got, k.text+"@"+lower[:start])
			return true
		})
		for _, k := range keywords {
			for i := range lower {
				if k.core != "" && strings.HasPrefix(lower[i:], k.core) && k.fits(lower, i, i+len(k.core)) {
					want = append(want, k.text+"@"+lower[:i])
				}
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("%q in %q: %q, expected %q", texts, text, got, want)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	var filter []string
	for _, list := range presets {
		filter = append(filter, list...)
	}
	s := Compile([]discord.AutoModRule{onMessage(discord.AutoModKeyword, discord.AutoModMetadata{KeywordFilter: filter})})
	m := message(strings.Repeat("nothing to be found in here, move along ", 5))
	for b.Loop() {
		if len(s.Check(m)) > 0 {
			b.Fatal("found")
		}
	}
}
