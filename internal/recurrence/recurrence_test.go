package recurrence

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"guildhall.chat/guildhall/internal/discord"
)

// start is a Friday.
var start = time.Date(2026, 1, 30, 18, 30, 0, 0, time.UTC)

func rule(frequency, interval int) *discord.RecurrenceRule {
	return &discord.RecurrenceRule{Start: discord.At(start), Frequency: frequency, Interval: interval}
}

func TestNext(t *testing.T) {
	t.Parallel()
	weekend, fridays, third, fifth, leap, ended := rule(Daily, 1), rule(Weekly, 2), rule(Monthly, 1), rule(Monthly, 1), rule(Yearly, 1), rule(Daily, 1)
	weekend.ByWeekday = []int{5, 6}
	fridays.ByWeekday = []int{4}
	third.ByNWeekday = []discord.NWeekday{{N: 3, Day: 2}}
	fifth.ByNWeekday = []discord.NWeekday{{N: 5, Day: 4}}
	leap.ByMonth, leap.ByMonthDay = []int{2}, []int{29}
	end := discord.At(start.AddDate(0, 0, 2))
	ended.End = &end
	for name, test := range map[string]struct {
		rule  *discord.RecurrenceRule
		after string
		want  string // empty: none
	}{
		"the first is the start":        {rule(Daily, 1), "2020-01-01T00:00:00Z", "2026-01-30T18:30:00Z"},
		"the next day":                  {rule(Daily, 1), "2026-01-30T18:30:00Z", "2026-01-31T18:30:00Z"},
		"years later":                   {rule(Daily, 1), "2036-05-05T20:00:00Z", "2036-05-06T18:30:00Z"},
		"only on weekends":              {weekend, "2026-02-01T18:30:00Z", "2026-02-07T18:30:00Z"},
		"every other Friday":            {fridays, "2026-01-30T18:30:00Z", "2026-02-13T18:30:00Z"},
		"every other Friday, in 2030":   {fridays, "2030-01-01T00:00:00Z", "2030-01-11T18:30:00Z"},
		"the third Wednesday":           {third, "2026-01-30T18:30:00Z", "2026-02-18T18:30:00Z"},
		"months without a fifth Friday": {fifth, "2026-01-30T18:30:00Z", "2026-05-29T18:30:00Z"},
		"29 February":                   {leap, "2026-01-30T18:30:00Z", "2028-02-29T18:30:00Z"},
		"months without a 30th":         {rule(Monthly, 1), "2026-01-30T18:30:00Z", "2026-03-30T18:30:00Z"},
		"past its end":                  {ended, "2026-02-01T18:30:00Z", ""},
	} {
		after, _ := time.Parse(time.RFC3339, test.after)
		got, ok := Next(test.rule, after)
		if ok != (test.want != "") || ok && got.Format(time.RFC3339) != test.want {
			t.Errorf("%s: %s %v, expected %q", name, got.Format(time.RFC3339), ok, test.want)
		}
	}
}

// TestNextIsTheFirst: what Next returns is an occurrence, and there is none before it.
func TestNextIsTheFirst(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := rule(rapid.IntRange(0, 3).Draw(t, "frequency"), 1)
		switch r.Frequency {
		case Weekly:
			r.Interval = rapid.IntRange(1, 2).Draw(t, "interval")
			r.ByWeekday = []int{rapid.IntRange(0, 6).Draw(t, "weekday")}
		case Monthly:
			r.ByNWeekday = []discord.NWeekday{{N: rapid.IntRange(1, 5).Draw(t, "n"), Day: rapid.IntRange(0, 6).Draw(t, "day")}}
		}
		after := start.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "hours")) * time.Hour)
		next, ok := Next(r, after)
		if !ok || !next.After(after) || !Occurs(r, next) {
			t.Fatalf("%s %v", next, ok)
		}
		between := after.Add(time.Duration(rapid.Int64Range(0, int64(next.Sub(after))-1).Draw(t, "between")))
		if again, _ := Next(r, between); !again.Equal(next) {
			t.Fatalf("after %s comes %s, after %s %s", after, next, between, again)
		}
	})
}
