package components

import (
	"encoding/json"
	"strings"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Upload is a file of the message that components may name by attachment://filename.
type Upload struct {
	Media
	Name string
	Size int64 // bytes
}

// Attach completes the media of kept components: each gets an id, that of the web its URL as proxy_url, that of the message
// itself what the upload is. It returns the names of the uploads that components show; what is named and was not uploaded
// is noted as a problem.
func Attach(p *form.Problems, kept json.RawMessage, newID func() snowflake.ID, uploads []Upload) (json.RawMessage, map[string]bool) {
	if !strings.Contains(string(kept), `"url":`) {
		return kept, nil
	}
	list, err := Parse(kept)
	if err != nil {
		return kept, nil
	}
	a := attaching{problems: p, newID: newID, shown: map[string]bool{}, uploads: map[string]Upload{}}
	for _, u := range uploads {
		a.uploads[u.Name] = u
	}
	Each(list, func(c *Component) bool {
		a.media(c.Media)
		for i := range c.Items {
			a.media(&c.Items[i].Media)
		}
		if u := a.media(c.File); u != nil {
			c.Name, c.Size = &u.Name, &u.Size
		}
		return true
	})
	encoded, err := json.Marshal(list)
	if err != nil {
		return kept, nil
	}
	return encoded, a.shown
}

type attaching struct {
	problems *form.Problems
	newID    func() snowflake.ID
	uploads  map[string]Upload
	shown    map[string]bool
}

// media completes one, and returns the upload that it is.
func (a *attaching) media(m *Media) *Upload {
	if m == nil || m.URL == "" {
		return nil
	}
	name, attached := strings.CutPrefix(m.URL, attachmentScheme+"://")
	if !attached {
		if m.ID == 0 {
			m.ID, m.ProxyURL = a.newID(), m.URL
		}
		return nil
	}
	upload, found := a.uploads[name]
	if !found {
		a.problems.Add("components", "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
			"The referenced attachment was not found.")
		return nil
	}
	a.shown[name] = true
	*m = upload.Media
	return &upload
}

// Text is all that components say in text displays, by which a message of them mentions and is found.
func Text(kept json.RawMessage) string {
	if !strings.Contains(string(kept), `"content":`) {
		return ""
	}
	list, err := Parse(kept)
	if err != nil {
		return ""
	}
	var texts []string
	Each(list, func(c *Component) bool {
		if c.Type == TextDisplay {
			texts = append(texts, c.Content)
		}
		return true
	})
	return strings.Join(texts, "\n")
}

// Interactive reports whether users can act on any of the kept components.
func Interactive(kept json.RawMessage) bool {
	list, err := Parse(kept)
	if err != nil {
		return false
	}
	return !Each(list, func(c *Component) bool { return !c.Interactive() })
}
