package posting

import (
	"cmp"
	"context"
	"slices"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/files"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Uploads is what a client says of files that come with something else than a message: an interaction.
type Uploads []fileBody

// Read pairs what is said of files with the parts of the request, and returns the files by the ids that the client gave them.
// Problems are noted below path.
func (u Uploads) Read(c *call.Call, p *form.Problems, path string) map[snowflake.ID]files.Incoming {
	parts := partsOf(c)
	if most := max(len(u), len(parts)); most > files.MaxPerMessage {
		p.Max(path, most, files.MaxPerMessage)
		return nil
	}
	sent := map[snowflake.ID]files.Incoming{}
	for _, part := range parts {
		sent[snowflake.ID(part.n)] = files.Incoming{Part: part.header}
	}
	for i := range u {
		f, at := &u[i], form.At(path, i)
		f.check(p, at)
		part := sent[f.ID.Value].Part
		switch {
		case !f.ID.Set:
			p.Required(form.At(at, "id"))
		case part == nil && f.Uploaded == nil:
			p.Required(form.At(at, "uploaded_filename"))
		default:
			sent[f.ID.Value] = f.incoming(part)
		}
	}
	return sent
}

// Keep keeps files that a user gives in a channel, by the ids that the client gave them. No message has them, so that they are
// swept a day later.
func (p *Poster) Keep(ctx context.Context, channel, user snowflake.ID, sent map[snowflake.ID]files.Incoming) (map[snowflake.ID]discord.Attachment, error) {
	ids := make([]snowflake.ID, 0, len(sent))
	for id := range sent {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, cmp.Compare[snowflake.ID])
	list := make([]files.Incoming, len(ids))
	for i, id := range ids {
		list[i] = sent[id]
	}
	received, err := p.files.Receive(ctx, channel, user, list)
	if err != nil {
		return nil, err
	}
	kept := make(map[snowflake.ID]discord.Attachment, len(ids))
	for i, id := range ids {
		received[i].Ephemeral = true
		kept[id] = received[i]
	}
	return kept, nil
}
