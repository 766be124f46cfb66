package fanout

import (
	"context"
	"errors"

	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// State is what a user's log says at Seq.
type State struct {
	Guilds []snowflake.ID // the user is a member of, ascending
	Seq    int64
}

// Rejoin gives a session that moves here a place at its user's log, which has come to after or further: every event above
// State.Seq is delivered. It belongs to no guild yet.
func (h *Hub) Rejoin(ctx context.Context, sub Subscriber, after int64) (*Place, State, error) {
	return nil, State{}, errors.ErrUnsupported
}

// Rejoin takes the place into a guild without a GUILD_CREATE, once the guild's view has come to after or further: every
// event above the returned seq is delivered that the session may see. Without member, the user is not in the guild, or not
// any more, and the place isn't either.
func (p *Place) Rejoin(ctx context.Context, guild snowflake.ID, after int64) (seq int64, member bool, err error) {
	return 0, false, errors.ErrUnsupported
}

// Past returns the events of a log after a seq, up to another; both are known to be. ErrPast says that they are no longer to
// be had. Events are read once for all sessions that ask at about the same time.
func (h *Hub) Past(ctx context.Context, log snowflake.ID, after, upTo int64) ([]events.Event, error) {
	return nil, errors.ErrUnsupported
}

// ErrPast says that events are past the window.
var ErrPast = errors.New("events are past the window")

// Judge says what of past events of a guild, ascending, the session is to be sent; nil stands for an event that is not for
// it. It judges by the guild's state now. Unless exact, that may not be what the session could see then: one of the events,
// or one that was applied to the view after upTo, has changed who may see what.
func (p *Place) Judge(guild snowflake.ID, past []events.Event, upTo int64) (dispatches []*codec.Shared, exact bool) {
	return nil, false
}

// JudgeUser is Judge for the user's own log.
func (p *Place) JudgeUser(past []events.Event) (dispatches []*codec.Shared, exact bool) {
	return nil, false
}
