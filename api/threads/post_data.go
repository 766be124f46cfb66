package threads

import (
	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// maxPostData is of how many posts one request gets what they began with.
const maxPostData = 50

// postData is what a client shows of a post in the list of a forum.
type postData struct {
	Owner        *discord.Member  `json:"owner"`         // null for who has left
	FirstMessage *discord.Message `json:"first_message"` // null if it was deleted
}

// postData returns, of posts of a forum, who made them and what they began with. What is no post of it is left out.
// https://docs.discord.food/resources/channel#get-channel-post-data
func (h *Handlers) postData(c *call.Call) error {
	room, err := h.parent(c)
	if err != nil {
		return err
	}
	if err := room.Need(permissions.ReadMessageHistory); err != nil {
		return err
	}
	if room.Channel.Type != discord.ChannelForum && room.Channel.Type != discord.ChannelMedia {
		return discord.ErrWrongChannelType
	}
	var body struct {
		ThreadIDs []snowflake.ID `json:"thread_ids"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	var p form.Problems
	p.Max("thread_ids", len(body.ThreadIDs), maxPostData)
	if err := p.Err(); err != nil {
		return err
	}
	ctx := c.Request.Context()
	owners, err := h.store.PostOwners(ctx, room.Channel.ID, body.ThreadIDs)
	if err != nil {
		return err
	}
	posts := make(map[snowflake.ID]postData, len(owners))
	ids := make([]snowflake.ID, 0, len(owners))
	for id, owner := range owners {
		posts[id] = postData{Owner: owner}
		ids = append(ids, id)
	}
	first, err := h.store.FirstMessages(ctx, ids, c.Caller.UserID)
	if err != nil {
		return err
	}
	for i := range first {
		posting.Conceal(c.Caller, &access.Room{Visit: room.Visit, Channel: room.Channel}, &first[i])
		post := posts[first[i].ID]
		post.FirstMessage = &first[i]
		posts[first[i].ID] = post
	}
	return c.OK(map[string]any{"threads": posts})
}
