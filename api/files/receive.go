package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"strings"

	"guildhall.chat/guildhall/internal/blob"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Incoming is a file that a client sends with a message: in a part of the request, or by the name of its upload.
type Incoming struct {
	Part         *multipart.FileHeader // nil: it was uploaded before
	Uploaded     string                // its uploaded_filename
	Filename     string                // empty: the part's or upload's own
	Title        *string
	Description  *string
	Spoiler      bool
	DurationSecs *float64
	Waveform     *string
}

// spoilerPrefix marks a file as a spoiler by its name, as clients do that know no flag for it.
const spoilerPrefix = "SPOILER_"

// Receive keeps the files that a user sends to a channel. Until a message has them they are loose.
func (f *Files) Receive(ctx context.Context, channel, user snowflake.ID, incoming []Incoming) ([]discord.Attachment, error) {
	if len(incoming) == 0 {
		return nil, nil
	}
	uploaded, err := f.uploaded(ctx, channel, user, incoming)
	if err != nil {
		return nil, err
	}
	most, err := f.store.Limit(ctx, store.LimitFileSize, user)
	if err != nil {
		return nil, err
	}
	var kept []store.File
	attachments := make([]discord.Attachment, len(incoming))
	for i, in := range incoming {
		file, there := uploaded[in.Uploaded]
		if in.Part != nil {
			file, err = f.keep(ctx, channel, user, in, most)
			kept = append(kept, file)
		} else if !there {
			err = discord.ErrUploadMissing
		}
		if err != nil {
			return nil, err
		}
		attachments[i] = f.attachment(file, in)
	}
	if len(kept) == 0 {
		return attachments, nil
	}
	return attachments, f.store.AddFiles(ctx, kept...)
}

// uploaded returns the files that were uploaded before, by the names that the client was told.
func (f *Files) uploaded(ctx context.Context, channel, user snowflake.ID, incoming []Incoming) (map[string]store.File, error) {
	var ids []snowflake.ID
	for _, in := range incoming {
		text, _, _ := strings.Cut(in.Uploaded, "/")
		if id, err := snowflake.Parse(text); in.Part == nil && err == nil {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := f.store.LooseFiles(ctx, channel, user, ids)
	if err != nil {
		return nil, err
	}
	named := make(map[string]store.File, len(found))
	for _, file := range found {
		named[uploadName(file)] = file
	}
	return named, nil
}

// uploadName is what a client calls an upload by when it sends it.
func uploadName(f store.File) string { return f.ID.String() + "/" + f.Filename }

// keep stores the file of a part, of at most so many bytes.
func (f *Files) keep(ctx context.Context, channel, user snowflake.ID, in Incoming, most int64) (store.File, error) {
	name := in.Filename
	if name == "" {
		name = in.Part.Filename
	}
	file := store.File{
		ID: f.store.NewID(), ChannelID: channel, UserID: user, Filename: cleanName(name), Size: in.Part.Size, There: true,
	}
	if file.Size > most {
		return file, discord.ErrEntityTooLarge
	}
	content, err := in.Part.Open()
	if err != nil {
		return file, fmt.Errorf("open part: %w", err)
	}
	defer func() { _ = content.Close() }()
	if err := probe(content, &file); err != nil {
		return file, err
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return file, fmt.Errorf("read part again: %w", err)
	}
	return file, refusal(f.blobs.Put(ctx, key(file.ID), content, file.Size))
}

// refusal is what a client is told of a Put that failed.
func refusal(err error) error {
	if errors.Is(err, blob.ErrNowhere) {
		return discord.ErrNoUploads
	}
	return err
}

// attachment is a file as its message shows it.
func (f *Files) attachment(file store.File, in Incoming) discord.Attachment {
	a := discord.Attachment{
		ID: file.ID, Filename: file.Filename, Title: in.Title, Description: in.Description, ContentType: file.ContentType,
		Size: file.Size, Width: file.Width, Height: file.Height, DurationSecs: in.DurationSecs, Waveform: in.Waveform,
		URL: f.links.sign(pathTo(linkPrefix, file.ChannelID, file.ID, file.Filename)),
	}
	a.ProxyURL = a.URL
	if a.Title == nil && in.Part != nil {
		sent := in.Filename
		if sent == "" {
			sent = in.Part.Filename
		}
		a.Title = titleOf(sent, file.Filename)
	}
	if in.Spoiler || strings.HasPrefix(file.Filename, spoilerPrefix) {
		a.Flags |= discord.AttachmentFlagSpoiler
	}
	if file.ContentType != nil && *file.ContentType == "image/gif" {
		a.Flags |= discord.AttachmentFlagAnimated
	}
	return a
}
