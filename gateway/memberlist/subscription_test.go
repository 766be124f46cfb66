package memberlist

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"guildhall.chat/guildhall/internal/snowflake"
)

func TestParseBulk(t *testing.T) {
	t.Parallel()
	requests, err := ParseBulk([]byte(`{"subscriptions":{
		"9":{"members":[],"channels":{},"typing":false},
		"7":{"typing":true,"threads":true,"activities":true,"member_updates":true,"members":["3",4],"thread_member_lists":["5"],
			"channels":{"8":[[0,99],[100,199],[0,99]],"6":[[250,310]],"2":[]},"new_key":1},
		"8":null}}`))
	if err != nil {
		t.Fatal(err)
	}
	yes, no := true, false
	want := []Request{
		{7, Subscription{
			Typing: &yes, Threads: &yes, Activities: &yes, MemberUpdates: &yes, Members: []snowflake.ID{3, 4},
			ThreadMembers: []snowflake.ID{5}, Channels: map[snowflake.ID]Blocks{8: {0, 1}, 6: {2, 3}},
		}},
		{9, Subscription{Typing: &no, Members: []snowflake.ID{}, Channels: map[snowflake.ID]Blocks{}}},
	}
	expect(t, "requests", requests, want)
}

func TestParseSingle(t *testing.T) {
	t.Parallel()
	request, err := Parse([]byte(`{"guild_id":"7","channels":{"8":[[0,99]]}}`))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "request", request, Request{7, Subscription{Channels: map[snowflake.ID]Blocks{8: {0}}}})
	for _, d := range []string{``, `null`, `[]`, `{}`, `{"guild_id":"x"}`, `{"guild_id":"7","channels":{"8":[[1]]}}`} {
		if _, err := Parse([]byte(d)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", d, err)
		}
	}
}

func TestMalformedSubscriptions(t *testing.T) {
	t.Parallel()
	many := func(n int, one string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = fmt.Sprintf(one, i+1)
		}
		return strings.Join(parts, ",")
	}
	guild := func(body string) string { return `{"subscriptions":{"7":{` + body + `}}}` }
	channel := func(ranges string) string { return guild(`"channels":{"8":` + ranges + `}`) }
	for name, d := range map[string]string{
		"nothing":           ``,
		"null":              `null`,
		"a list":            `{"subscriptions":[]}`,
		"no guild":          `{"subscriptions":{"x":{}}}`,
		"a flag of text":    guild(`"typing":"yes"`),
		"ranges of text":    channel(`[["0","99"]]`),
		"a range of one":    channel(`[[0]]`),
		"a range of three":  channel(`[[0,99,199]]`),
		"a negative row":    channel(`[[-1,99]]`),
		"an end too early":  channel(`[[99,0]]`),
		"half a row":        channel(`[[0.5,99]]`),
		"a row beyond all":  channel(`[[0,18446744073709551616]]`),
		"a row too far":     channel(`[[1048500,1048576]]`),
		"a range too large": channel(`[[0,2000]]`),
		"many blocks":       channel(`[` + many(maxBlocks+1, `[%d00,%[1]d01]`) + `]`),
		"many channels":     guild(`"channels":{` + many(maxChannels+1, `"%d":[[0,99]]`) + `}`),
		"many members":      guild(`"members":[` + many(maxMembers+1, `"%d"`) + `]`),
		"many threads":      guild(`"thread_member_lists":[` + many(maxMembers+1, `"%d"`) + `]`),
		"many guilds":       `{"subscriptions":{` + many(maxGuilds+1, `"%d":{}`) + `}}`,
	} {
		if r, err := ParseBulk([]byte(d)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
	if _, err := ParseBulk([]byte(channel(`[` + many(maxBlocks, `[%d00,%[1]d01]`) + `]`))); err != nil {
		t.Errorf("as many blocks as may be: %v", err)
	}
}

func TestMergeReplacesWhatIsNamed(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	var s Subscription
	s.Merge(Subscription{Typing: &yes, Members: []snowflake.ID{1, 2}, Channels: map[snowflake.ID]Blocks{1: {0}, 2: {0}}})
	s.Merge(Subscription{MemberUpdates: &yes, Channels: map[snowflake.ID]Blocks{3: {4}}})
	s.Merge(Subscription{Typing: &no})
	expect(t, "merged", s, Subscription{
		Typing: &no, MemberUpdates: &yes, Members: []snowflake.ID{1, 2}, Channels: map[snowflake.ID]Blocks{3: {4}},
	})
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var kept Subscription
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	expect(t, "kept and read again", kept, s)
	if s.Empty() || !(&Subscription{Members: []snowflake.ID{}}).Empty() {
		t.Error("emptiness")
	}
}

func FuzzParseBulk(f *testing.F) {
	f.Add([]byte(`{"subscriptions":{"7":{"typing":true,"channels":{"8":[[0,99],[100,199]]},"members":["1"]}}}`))
	f.Add([]byte(`{"guild_id":"7","channels":{"8":[[0,99]]}}`))
	f.Add([]byte(`{"subscriptions":{"7":{"channels":{"8":[[9223372036854775807,9223372036854775807]]}}}}`))
	f.Fuzz(func(t *testing.T, d []byte) {
		requests, err := ParseBulk(d)
		if single, errSingle := Parse(d); errSingle == nil {
			requests = append(requests, single)
		}
		if err != nil && !errors.Is(err, ErrMalformed) {
			t.Fatalf("error %v", err)
		}
		for _, r := range requests {
			for _, blocks := range r.Channels {
				if len(blocks) == 0 || len(blocks) > maxBlocks || blocks[0] < 0 || blocks[len(blocks)-1] > maxRow/BlockSize {
					t.Fatalf("blocks %v", blocks)
				}
				for i := range blocks[1:] {
					if blocks[i] >= blocks[i+1] {
						t.Fatalf("blocks %v", blocks)
					}
				}
			}
		}
	})
}
