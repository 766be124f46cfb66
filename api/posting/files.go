package posting

import (
	"cmp"
	"context"
	"mime/multipart"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/components"
	"guildhall.chat/guildhall/api/files"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Limits of what is said of a file.
const (
	maxFilename    = 1024
	maxFileText    = 1024
	maxWaveform    = 400
	maxVoiceLength = 20 * 60 // seconds
)

// fileBody is what a client says of a file: of a new one, by the n of its part files[n] or by its uploaded_filename, or, in
// an edit, of one that the message has.
// https://discord.com/developers/docs/reference#uploading-files
type fileBody struct {
	ID           form.Field[snowflake.ID] `json:"id"`
	Filename     *string                  `json:"filename"`
	Uploaded     *string                  `json:"uploaded_filename"`
	Title        form.Field[*string]      `json:"title"`
	Description  form.Field[*string]      `json:"description"`
	Spoiler      *form.Bool               `json:"is_spoiler"`
	DurationSecs *float64                 `json:"duration_secs"`
	Waveform     *string                  `json:"waveform"`
}

func (f *fileBody) check(p *form.Problems, path string) {
	if f.Filename != nil {
		p.Length(form.At(path, "filename"), *f.Filename, 1, maxFilename)
	}
	for name, text := range map[string]*string{"title": f.Title.Value, "description": f.Description.Value} {
		if text != nil {
			p.Max(form.At(path, name), utf8.RuneCountInString(*text), maxFileText)
		}
	}
	if f.DurationSecs != nil {
		p.Range(form.At(path, "duration_secs"), int64(*f.DurationSecs), 0, maxVoiceLength)
	}
	if f.Waveform != nil {
		p.Max(form.At(path, "waveform"), len(*f.Waveform), maxWaveform)
	}
}

// incoming is the new file that is spoken of; part is nil for one that was uploaded before.
func (f *fileBody) incoming(part *multipart.FileHeader) files.Incoming {
	in := files.Incoming{
		Part: part, Title: f.Title.Value, Description: f.Description.Value, Spoiler: f.Spoiler != nil && bool(*f.Spoiler),
		DurationSecs: f.DurationSecs, Waveform: f.Waveform,
	}
	if f.Filename != nil {
		in.Filename = *f.Filename
	}
	if f.Uploaded != nil && part == nil {
		in.Uploaded = *f.Uploaded
	}
	return in
}

// change applies what is said of a file to one that the message has.
func (f *fileBody) change(a *discord.Attachment) {
	f.Title.Apply(&a.Title)
	f.Description.Apply(&a.Description)
	if f.Spoiler != nil {
		a.Flags &^= discord.AttachmentFlagSpoiler
		if *f.Spoiler {
			a.Flags |= discord.AttachmentFlagSpoiler
		}
	}
}

// readFiles pairs what is said of files with the parts of the request. Parts of which nothing is said are files, too. What
// is said of neither a part nor an upload is of a file that the message has: kept, by id.
func readFiles(p *form.Problems, c *call.Call, said []fileBody) (sent []files.Incoming, kept map[snowflake.ID]*fileBody) {
	parts := partsOf(c)
	kept = map[snowflake.ID]*fileBody{}
	if most := max(len(said), len(parts)); most > files.MaxPerMessage {
		p.Max("attachments", most, files.MaxPerMessage)
		return nil, kept
	}
	for i := range said {
		f := &said[i]
		f.check(p, form.At("attachments", i))
		at := slices.IndexFunc(parts, func(part filePart) bool { return f.ID.Set && part.n == uint64(f.ID.Value) })
		switch {
		case at >= 0:
			sent = append(sent, f.incoming(parts[at].header))
			parts = slices.Delete(parts, at, at+1)
		case f.Uploaded != nil:
			sent = append(sent, f.incoming(nil))
		case f.ID.Set:
			kept[f.ID.Value] = f
		default:
			p.Required(form.At("attachments", i, "id"))
		}
	}
	for _, part := range parts {
		sent = append(sent, files.Incoming{Part: part.header})
	}
	p.Max("attachments", len(sent)+len(kept), files.MaxPerMessage)
	return sent, kept
}

// filePart is a part of a request that has a file.
type filePart struct {
	n      uint64
	header *multipart.FileHeader
}

// partName is the name of such a part: files[2], or as older clients have it, file or file2.
var partName = regexp.MustCompile(`^(?:files\[([0-9]{1,19})\]|file([0-9]{0,19}))$`)

// partsOf lists the files in a request, by n.
func partsOf(c *call.Call) (parts []filePart) {
	if c.Request.MultipartForm == nil {
		return nil
	}
	for name, headers := range c.Request.MultipartForm.File {
		match := partName.FindStringSubmatch(name)
		if match == nil || len(headers) == 0 {
			continue
		}
		n, err := strconv.ParseUint("0"+match[1]+match[2], 10, 64)
		if err == nil {
			parts = append(parts, filePart{n, headers[0]})
		}
	}
	slices.SortFunc(parts, func(a, b filePart) int { return cmp.Compare(a.n, b.n) })
	return parts
}

// checkVoice checks that a voice message is one recording and nothing else.
// https://discord.com/developers/docs/resources/message#voice-messages
func (d *Draft) checkVoice() error {
	switch {
	case d.Flags&discord.MessageFlagVoice == 0:
		return nil
	case d.Content != "" || len(d.Embeds) > 0 || string(d.Components) != "[]":
		return discord.ErrVoiceExtraContent
	case len(d.Files) != 1:
		return discord.ErrVoiceOneAudio
	case d.Files[0].DurationSecs == nil || d.Files[0].Waveform == nil:
		return discord.ErrVoiceMetadata
	}
	return nil
}

// receive keeps the files that come with a message to a channel. None is looked at before all else is known to be right.
func (p *Poster) receive(ctx context.Context, channel, user snowflake.ID, sent []files.Incoming, voice bool) ([]discord.Attachment, error) {
	received, err := p.files.Receive(ctx, channel, user, sent)
	if err != nil || !voice {
		return received, err
	}
	if kind := received[0].ContentType; kind == nil || !strings.HasPrefix(*kind, "audio/") {
		return nil, discord.ErrVoiceOneAudio
	}
	return received, nil
}

// show puts received files into a message: where embeds and components name them by attachment://, there, else into the
// list of its attachments. Those that are in the list may be named, too.
func show(p *form.Problems, m *discord.Message, received []discord.Attachment, newID func() snowflake.ID) {
	all := append(append([]discord.Attachment{}, m.Attachments...), received...) // never nil
	uploads := make([]components.Upload, len(all))
	for i := range all {
		uploads[i] = upload(&all[i])
	}
	var shown map[string]bool
	m.Components, shown = components.Attach(p, m.Components, newID, uploads)
	named := showInEmbeds(m.Embeds, all)
	m.Attachments = slices.DeleteFunc(all, func(a discord.Attachment) bool { return shown[a.Filename] || named[a.Filename] })
}

func upload(a *discord.Attachment) components.Upload {
	return components.Upload{
		Name: a.Filename, Size: a.Size,
		Media: components.Media{
			URL: a.URL, ProxyURL: a.ProxyURL, ID: a.ID, Width: a.Width, Height: a.Height, ContentType: a.ContentType, AttachmentID: &a.ID,
		},
	}
}

// keep applies to the attachments of a message what an edit says of them, and returns those that it leaves out.
func keep(p *form.Problems, m *discord.Message, kept map[snowflake.ID]*fileBody) (dropped []snowflake.ID) {
	var left []discord.Attachment
	for _, a := range m.Attachments {
		f, stays := kept[a.ID]
		if !stays {
			dropped = append(dropped, a.ID)
			continue
		}
		f.change(&a)
		left = append(left, a)
	}
	if len(left) < len(kept) {
		p.Add("attachments", "ATTACHMENT_NOT_FOUND", "An attachment is neither of the message nor of a file of the request.")
	}
	m.Attachments = left
	return dropped
}

func idsOf(attachments []discord.Attachment) []snowflake.ID {
	ids := make([]snowflake.ID, len(attachments))
	for i := range attachments {
		ids[i] = attachments[i].ID
	}
	return ids
}

// showInEmbeds gives embeds that name a file by attachment://name its link, and reports which files they name. A name of no
// file shows nothing.
func showInEmbeds(embeds []discord.Embed, received []discord.Attachment) map[string]bool {
	named := map[string]bool{}
	link := func(address string) string {
		name, attached := strings.CutPrefix(address, attachmentScheme+"://")
		if !attached {
			return address
		}
		for i := range received {
			if received[i].Filename == name {
				named[name] = true
				return received[i].URL
			}
		}
		return ""
	}
	media := func(m *discord.EmbedMedia) *discord.EmbedMedia {
		if m == nil {
			return nil
		}
		if m.URL = link(m.URL); m.URL == "" {
			return nil
		}
		return m
	}
	for i := range embeds {
		e := &embeds[i]
		e.Image, e.Thumbnail = media(e.Image), media(e.Thumbnail)
		if e.Footer != nil {
			e.Footer.IconURL = link(e.Footer.IconURL)
		}
		if e.Author != nil {
			e.Author.IconURL = link(e.Author.IconURL)
		}
	}
	return named
}

// attachmentScheme is that of URLs that name a file of the same message.
const attachmentScheme = "attachment"
