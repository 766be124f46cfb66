// Package recurrence computes when a scheduled event is again. It knows the part of iCalendar's rules that Discord lets
// clients use; all is in UTC, at the time of day of the rule's start.
// https://datatracker.ietf.org/doc/html/rfc5545#section-3.3.10
// https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-recurrence-rule-object
package recurrence

import (
	"slices"
	"time"

	"guildhall.chat/guildhall/internal/discord"
)

// Frequencies of a rule.
const (
	Yearly  = 0
	Monthly = 1
	Weekly  = 2
	Daily   = 3
)

// periods bounds how many periods are looked at: a day that is rare, such as 29 February, comes within it.
const periods = 64

// Next returns the first occurrence after a moment. ok is false when there is none.
func Next(r *discord.RecurrenceRule, after time.Time) (next time.Time, ok bool) {
	start := r.Start.Time
	if after.Before(start) {
		after = start.Add(-1)
	}
	interval := max(r.Interval, 1)
	for n := range periods {
		t, exists := in(r, elapsed(r, after)/interval*interval+n*interval)
		if exists && t.After(after) && !t.Before(start) {
			return t, r.End == nil || !t.After(r.End.Time)
		}
	}
	return time.Time{}, false
}

// Occurs reports whether the event is at a moment, by its rule.
func Occurs(r *discord.RecurrenceRule, at time.Time) bool {
	next, ok := Next(r, at.Add(-1))
	return ok && next.Equal(at)
}

// elapsed is how many whole periods lie between the rule's start and a later moment, or one less.
func elapsed(r *discord.RecurrenceRule, after time.Time) int {
	start, after := r.Start.UTC(), after.UTC()
	var n int
	switch r.Frequency {
	case Yearly:
		n = after.Year() - start.Year()
	case Monthly:
		n = (after.Year()-start.Year())*12 + int(after.Month()-start.Month())
	case Weekly:
		n = int(after.Sub(start) / (7 * 24 * time.Hour))
	default:
		n = int(after.Sub(start) / (24 * time.Hour))
	}
	return max(n-max(r.Interval, 1), 0)
}

// in is the occurrence of the n-th period, counted from the rule's start; it may not have one.
func in(r *discord.RecurrenceRule, n int) (t time.Time, exists bool) {
	start := r.Start.UTC()
	at := func(year int, month time.Month, day int) (time.Time, bool) {
		t := time.Date(year, month, day, start.Hour(), start.Minute(), start.Second(), start.Nanosecond(), time.UTC)
		return t, t.Day() == day
	}
	switch r.Frequency {
	case Yearly:
		month, day := start.Month(), start.Day()
		if len(r.ByMonth) > 0 && len(r.ByMonthDay) > 0 {
			month, day = time.Month(r.ByMonth[0]), r.ByMonthDay[0]
		}
		return at(start.Year()+n, month, day)
	case Monthly:
		first := time.Date(start.Year(), start.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
		if len(r.ByNWeekday) == 0 {
			return at(first.Year(), first.Month(), start.Day())
		}
		by := r.ByNWeekday[0]
		day := 1 + (by.Day-weekday(first)+7)%7 + (by.N-1)*7
		t, _ := at(first.Year(), first.Month(), day)
		return t, t.Month() == first.Month()
	case Weekly:
		t := start.AddDate(0, 0, 7*n)
		if len(r.ByWeekday) > 0 {
			t = t.AddDate(0, 0, (r.ByWeekday[0]-weekday(start)+7)%7)
		}
		return t, true
	default:
		t := start.AddDate(0, 0, n)
		return t, len(r.ByWeekday) == 0 || slices.Contains(r.ByWeekday, weekday(t))
	}
}

// weekday counts from Monday, as rules do.
func weekday(t time.Time) int { return (int(t.Weekday()) + 6) % 7 }
