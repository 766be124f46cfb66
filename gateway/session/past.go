package session

import (
	"encoding/json"
	"slices"

	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/snowflake"
)

// past is what a journal says of a session after what its client has.
type past struct {
	guilds  []snowflake.ID                   // that the session was in at the end, ascending
	entered map[snowflake.ID]int64           // those of them that the client does not know of, by the position of GUILD_CREATE
	since   map[snowflake.ID]int64           // seq of a log from which on the session was told of events: it had the rest before
	events  map[snowflake.ID][]journal.Entry // that the client has not, by log, ascending

	unanswered []json.RawMessage // requests for members without, or not with all of, their answer
	asked      int64             // number of the last request
}

// pastOf reads a journal for a session whose client has got to a position. The error is a refusal.
func pastOf(j *journal.Journal, r journal.Record, key uint64, position int64) (past, error) {
	p := past{
		entered: map[snowflake.ID]int64{}, since: map[snowflake.ID]int64{}, events: map[snowflake.ID][]journal.Entry{},
	}
	own := j.Session(key)
	for _, e := range own {
		if e.Kind == journal.Entered || e.Kind == journal.Seated {
			p.since[e.Log] = max(p.since[e.Log], e.Seq)
		}
	}
	if err := p.readGuilds(own, r, position); err != nil {
		return p, err
	}
	p.readRequests(own, position)
	for _, guild := range p.guilds {
		p.events[guild] = nil
	}
	p.events[r.User] = nil
	for _, e := range j.After(position) {
		log, wanted := p.events[e.Log]
		if e.Kind == journal.Event && wanted && e.Seq > p.since[e.Log] {
			p.events[e.Log] = append(log, e)
		}
	}
	return p, nil
}

// readGuilds finds the guilds of the session. What is not in its record yet is in the journal after the client's position,
// and perhaps some of what is: a change of the guilds is in the record before the client gets past it.
func (p *past) readGuilds(own []journal.Entry, r journal.Record, position int64) error {
	p.guilds = slices.Clone(r.Guilds)
	for _, e := range own {
		switch {
		case e.Position <= position:
		case e.Kind == journal.Left:
			return refusal("guilds") // what the session saw of it until then can't be judged any more
		case e.Kind == journal.Entered:
			p.guilds = append(p.guilds, e.Log)
			p.entered[e.Log] = e.Position
		}
	}
	slices.Sort(p.guilds)
	p.guilds = slices.Compact(p.guilds)
	return nil
}

// readRequests finds what is yet to be answered. A request of which the client may have a part of the answer is answered
// once more.
func (p *past) readRequests(own []journal.Entry, position int64) {
	answered := map[int64]bool{}
	for _, e := range own {
		if e.Kind == journal.Asked || e.Kind == journal.Answered {
			p.asked = max(p.asked, e.Seq)
		}
		if e.Kind == journal.Answered && e.Position <= position {
			answered[e.Seq] = true
		}
	}
	for _, e := range own {
		if e.Kind == journal.Asked && !answered[e.Seq] {
			p.unanswered = append(p.unanswered, json.RawMessage(e.Data))
		}
	}
}
