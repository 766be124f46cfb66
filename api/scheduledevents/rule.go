package scheduledevents

import (
	"slices"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/recurrence"
)

// rule is a recurrence rule as it is sent. End, count and days of the year can't be set.
type rule struct {
	Start      form.Field[discord.Timestamp] `json:"start"`
	Frequency  form.Field[form.Int]          `json:"frequency"`
	Interval   form.Field[form.Int]          `json:"interval"`
	ByWeekday  []form.Int                    `json:"by_weekday"`
	ByNWeekday []nWeekday                    `json:"by_n_weekday"`
	ByMonth    []form.Int                    `json:"by_month"`
	ByMonthDay []form.Int                    `json:"by_month_day"`
}

type nWeekday struct {
	N   form.Int `json:"n"`
	Day form.Int `json:"day"`
}

// dailySets are the sets of weekdays that a daily rule may have, from 0, Monday.
// https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-recurrence-rule-object-system-limitations
var dailySets = [][]int{{0, 1, 2, 3, 4}, {1, 2, 3, 4, 5}, {0, 1, 2, 3, 6}, {4, 5}, {5, 6}, {0, 6}}

func (r *rule) check(p *form.Problems) {
	const at = "recurrence_rule"
	bad := func(key, message string) { p.Add(form.At(at, key), "BASE_TYPE_BAD_VALUE", message) }
	if !r.Start.Set {
		p.Required(form.At(at, "start"))
	}
	if !r.Frequency.Set {
		p.Required(form.At(at, "frequency"))
		return
	}
	form.OneOf(p, form.At(at, "frequency"), r.Frequency.Value, recurrence.Yearly, recurrence.Monthly, recurrence.Weekly, recurrence.Daily)
	kind := int(r.Frequency.Value)
	if interval := r.Interval.Or(1); interval != 1 && (interval != 2 || kind != recurrence.Weekly) {
		bad("interval", "Must be 1, or 2 for a weekly rule.")
	}
	switch days := r.weekdays(); {
	case len(r.ByWeekday) == 0:
	case kind == recurrence.Daily && !slices.ContainsFunc(dailySets, func(set []int) bool { return slices.Equal(set, days) }):
		bad("by_weekday", "A daily rule can't have this set of weekdays.")
	case kind == recurrence.Weekly && (len(days) != 1 || days[0] < 0 || days[0] > 6):
		bad("by_weekday", "A weekly rule has one weekday.")
	case kind != recurrence.Daily && kind != recurrence.Weekly:
		bad("by_weekday", "Only daily and weekly rules have weekdays.")
	}
	switch n := r.ByNWeekday; {
	case len(n) == 0:
	case kind != recurrence.Monthly || len(n) != 1:
		bad("by_n_weekday", "Only a monthly rule has this, and one of it.")
	case n[0].N < 1 || n[0].N > 5 || n[0].Day < 0 || n[0].Day > 6:
		bad("by_n_weekday", "n must be between 1 and 5, day between 0 and 6.")
	}
	switch {
	case len(r.ByMonth) == 0 && len(r.ByMonthDay) == 0:
	case kind != recurrence.Yearly || len(r.ByMonth) != 1 || len(r.ByMonthDay) != 1:
		bad("by_month", "Only a yearly rule has a month and a day of it, and one of both.")
	case r.ByMonth[0] < 1 || r.ByMonth[0] > 12:
		bad("by_month", "Must be between 1 and 12.")
	case r.ByMonthDay[0] < 1 || int(r.ByMonthDay[0]) > longest[r.ByMonth[0]-1]:
		bad("by_month_day", "The month has no such day.")
	}
}

// longest is how many days each month has at most.
var longest = [12]int{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

func (r *rule) weekdays() []int {
	days := ints(r.ByWeekday)
	slices.Sort(days)
	return days
}

func ints(list []form.Int) []int {
	if len(list) == 0 {
		return nil
	}
	numbers := make([]int, len(list))
	for i, n := range list {
		numbers[i] = int(n)
	}
	return numbers
}

// wire is the rule as events show it; nil for none.
func (r *rule) wire() *discord.RecurrenceRule {
	if r == nil {
		return nil
	}
	shown := &discord.RecurrenceRule{
		Start: r.Start.Value, Frequency: int(r.Frequency.Value), Interval: int(r.Interval.Or(1)),
		ByWeekday: r.weekdays(), ByMonth: ints(r.ByMonth), ByMonthDay: ints(r.ByMonthDay),
	}
	for _, n := range r.ByNWeekday {
		shown.ByNWeekday = append(shown.ByNWeekday, discord.NWeekday{N: int(n.N), Day: int(n.Day)})
	}
	return shown
}
