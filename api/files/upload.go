package files

import (
	"errors"
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/blob"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// announced is a file that a client is going to upload.
type announced struct {
	ID       form.Field[snowflake.ID] `json:"id"`
	Filename string                   `json:"filename"`
	FileSize form.Int                 `json:"file_size"`
}

// place is where an announced file is to be uploaded.
type place struct {
	ID             *snowflake.ID `json:"id,omitempty"` // the client's own
	UploadURL      string        `json:"upload_url"`
	UploadFilename string        `json:"upload_filename"`
}

// announce tells where files are to be uploaded before the message that has them is sent.
// https://docs.discord.food/resources/message#create-attachments
func (h *Handlers) announce(c *call.Call) error {
	id, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return err
	}
	room, err := h.access.Room(c, id)
	if err != nil {
		return err
	}
	if err := room.Need(permissions.ToSend(int(room.Channel.Type)) | permissions.AttachFiles); err != nil {
		return err
	}
	var body struct {
		Files []announced `json:"files"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	most, err := h.store.Limit(c.Request.Context(), store.LimitFileSize, c.Caller.UserID)
	if err != nil {
		return err
	}
	if err := checkAnnounced(body.Files, most); err != nil {
		return err
	}
	places := make([]place, len(body.Files))
	awaited := make([]store.File, len(body.Files))
	now := time.Now()
	for i, a := range body.Files {
		f := store.File{
			ID: h.store.NewID(), ChannelID: room.Channel.ID, UserID: c.Caller.UserID,
			Filename: cleanName(a.Filename), Size: int64(a.FileSize),
		}
		awaited[i] = f
		places[i] = place{
			UploadURL:      h.links.signUntil(pathTo(uploadPrefix, f.ChannelID, f.ID, f.Filename), now, now.Add(uploadLife)),
			UploadFilename: uploadName(f),
		}
		if a.ID.Set {
			places[i].ID = &a.ID.Value
		}
	}
	if err := h.store.AddFiles(c.Request.Context(), awaited...); err != nil {
		return err
	}
	return c.OK(map[string]any{"attachments": places})
}

func checkAnnounced(list []announced, mostBytes int64) error {
	var p form.Problems
	if len(list) == 0 {
		p.Required("files")
	}
	if len(list) > MaxPerMessage {
		return discord.ErrTooManyFiles
	}
	for i, a := range list {
		p.Length(form.At("files", i, "filename"), a.Filename, 1, 1024)
		p.Range(form.At("files", i, "file_size"), int64(a.FileSize), 0, mostBytes)
	}
	return p.Err()
}

// uploadTime bounds how long the bytes of one file may take.
const uploadTime = 10 * time.Minute

// upload takes the bytes of an announced file, straight into the blob store.
func (h *Handlers) upload(c *call.Call) error {
	allowOrigins(c)
	if _, ok := h.links.check(c.Request.URL.Path, c.Request.URL.Query()); !ok {
		return discord.ErrMissingAccess
	}
	id, err := c.ID("attachment_id", discord.ErrUploadMissing)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	f, err := h.store.File(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && f.There {
		return discord.ErrUploadMissing
	}
	if err != nil {
		return err
	}
	// The server's own bound is for requests that are answered from a form.
	_ = http.NewResponseController(c.Writer).SetReadDeadline(time.Now().Add(uploadTime))
	content := http.MaxBytesReader(c.Writer, c.Request.Body, f.Size+1)
	if err := h.blobs.Put(ctx, key(f.ID), content, f.Size); errors.Is(err, blob.ErrSize) {
		return discord.ErrInvalidFile
	} else if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return discord.ErrEntityTooLarge
		}
		return refusal(err)
	}
	stored, err := h.blobs.Open(ctx, key(f.ID))
	if err != nil {
		return err
	}
	defer func() { _ = stored.Close() }()
	if err := probe(stored, &f); err != nil {
		return err
	}
	if err := h.store.FileArrived(ctx, f); err != nil {
		return err
	}
	c.Status(http.StatusOK)
	c.Writer.WriteHeaderNow()
	return nil
}

// maxRefresh is how many links are refreshed at once.
const maxRefresh = 50

// refresh signs links to files anew.
// https://docs.discord.food/resources/message#refresh-attachment-urls
func (h *Handlers) refresh(c *call.Call) error {
	var body struct {
		URLs []string `json:"attachment_urls"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	type refreshed struct {
		Original  string `json:"original"`
		Refreshed string `json:"refreshed"`
	}
	var p form.Problems
	p.Range("attachment_urls", int64(len(body.URLs)), 1, maxRefresh)
	list := make([]refreshed, 0, min(len(body.URLs), maxRefresh))
	for i, link := range body.URLs[:min(len(body.URLs), maxRefresh)] {
		if !h.links.proven(link) {
			p.Add(form.At("attachment_urls", i), "URL_TYPE_INVALID_URL", "Not the URL of an attachment of this platform.")
			continue
		}
		list = append(list, refreshed{link, h.links.fresh(link)})
	}
	if err := p.Err(); err != nil {
		return err
	}
	return c.OK(map[string]any{"refreshed_urls": list})
}

// allowOrigins lets scripts of any site use a link, as its holder may.
func allowOrigins(c *call.Call) {
	c.Header("Access-Control-Allow-Origin", "*")
	c.Header("Cross-Origin-Resource-Policy", "cross-origin")
}
