package session

import (
	"context"
	"encoding/json"
	"time"

	"golang.org/x/sync/errgroup"

	"guildhall.chat/guildhall/gateway/ready"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/presence"
	"guildhall.chat/guildhall/internal/snowflake"
)

// publishToFriends tells a person's friends of the person's presence. One who does not hear of it reads it with READY.
func (a *Announcer) publishToFriends(ctx context.Context, user snowflake.ID, p presence.Presence) {
	friends, err := a.store.FriendsOf(ctx, user)
	if err != nil {
		a.log.Warn("presence not told to friends", "user", user, "error", err)
		return
	}
	data, err := p.Event(user, 0)
	if err != nil {
		a.log.Error("presence can't be told", "user", user, "error", err)
		return
	}
	head := events.Header{Type: discord.EventPresenceUpdate, User: user, At: time.Now().UnixMilli()}
	var group errgroup.Group
	group.SetLimit(announceConcurrency)
	for _, friend := range friends {
		group.Go(func() error { return a.publisher.Ephemeral(ctx, events.Event{Log: friend, Head: head, Data: data}) })
	}
	if err := group.Wait(); err != nil {
		a.log.Warn("presence not told to every friend", "user", user, "friends", len(friends), "error", err)
	}
}

// friends returns the presences of those who are friends, and not offline.
func (a *Announcer) friends(ctx context.Context, all []discord.Relationship) []ready.Friend {
	var ids []snowflake.ID
	for _, r := range all {
		if r.Type == discord.RelationshipFriend {
			ids = append(ids, r.ID)
		}
	}
	present, err := a.pod.Users(ctx, ids)
	if err != nil {
		a.log.Warn("presences of friends not read", "error", err)
		return nil
	}
	var friends []ready.Friend
	for _, id := range ids {
		p, is := present[id]
		if !is {
			continue
		}
		whole, err := p.Event(id, 0)
		if err != nil {
			a.log.Error("presence can't be told", "user", id, "error", err)
			continue
		}
		merged, err := json.Marshal(struct {
			UserID snowflake.ID `json:"user_id"`
			presence.Presence
		}{id, p})
		if err != nil {
			a.log.Error("presence can't be told", "user", id, "error", err)
			continue
		}
		friends = append(friends, ready.Friend{Presence: whole, Merged: merged})
	}
	return friends
}
