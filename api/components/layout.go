package components

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"guildhall.chat/guildhall/api/form"
)

// Limits of what components show.
const (
	maxRows          = 5 // top-level components without v2
	maxRowComponents = 5
	maxSectionTexts  = 3
	maxGallery       = 10
	maxMediaURL      = 2048
	maxDescription   = 1024
	maxColor         = 0xFFFFFF
)

// message checks the top of a message: rows alone unless it is of components v2.
func (c *checker) message(sent []Component, v2 bool) []Component {
	kinds := []Kind{ActionRow}
	if v2 {
		kinds = []Kind{ActionRow, Section, TextDisplay, MediaGallery, File, Separator, Container}
	} else if len(sent) > maxRows {
		c.size(root, len(sent), 1, maxRows)
	}
	return c.list(root, sent, kinds...)
}

// list checks components side by side. Of more than a message can have, the rest is not looked at.
func (c *checker) list(path string, sent []Component, kinds ...Kind) []Component {
	kept := make([]Component, 0, min(len(sent), maxComponents))
	for i := range sent {
		if c.count > maxComponents {
			break
		}
		at := form.At(path, i)
		if c.oneOf(at, &sent[i], kinds...) {
			kept = append(kept, c.layout(at, &sent[i]))
		} else {
			c.count++
		}
	}
	return kept
}

// layout checks a component that holds or shows something.
func (c *checker) layout(path string, sent *Component) Component {
	switch sent.Type {
	case ActionRow:
		return c.row(path, sent)
	case Section:
		return c.section(path, sent)
	case TextDisplay:
		return c.textDisplay(path, sent)
	case MediaGallery:
		return c.gallery(path, sent)
	case File:
		return c.file(path, sent)
	case Separator:
		return c.separator(path, sent)
	}
	return c.container(path, sent)
}

// row checks an action row: up to five buttons, or one select.
// https://discord.com/developers/docs/components/reference#action-row
func (c *checker) row(path string, sent *Component) Component {
	row := c.begin(path, sent)
	at := form.At(path, "components")
	c.size(at, len(sent.Components), 1, maxRowComponents)
	buttons := 0
	for i := range sent.Components[:min(len(sent.Components), maxRowComponents)] {
		one, here := &sent.Components[i], form.At(at, i)
		if !c.oneOf(here, one, Button, StringSelect, UserSelect, RoleSelect, MentionableSelect, ChannelSelect) {
			c.count++
			continue
		}
		if one.Type == Button {
			buttons++
			row.Components = append(row.Components, c.button(here, one))
			continue
		}
		if len(sent.Components) > 1 {
			c.problems.Add(here, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "A select takes a whole row.")
		}
		row.Components = append(row.Components, c.choice(here, one))
	}
	return row
}

// section checks texts with something beside them.
// https://discord.com/developers/docs/components/reference#section
func (c *checker) section(path string, sent *Component) Component {
	section := c.begin(path, sent)
	at := form.At(path, "components")
	c.size(at, len(sent.Components), 1, maxSectionTexts)
	section.Components = c.list(at, sent.Components, TextDisplay)
	at = form.At(path, "accessory")
	switch beside := sent.Accessory; {
	case beside == nil:
		c.problems.Required(at)
	case !c.oneOf(at, beside, Button, Thumbnail):
	case beside.Type == Button:
		section.Accessory = ptr(c.button(at, beside))
	default:
		section.Accessory = ptr(c.thumbnail(at, beside))
	}
	return section
}

// textDisplay checks a text.
// https://discord.com/developers/docs/components/reference#text-display
func (c *checker) textDisplay(path string, sent *Component) Component {
	text := c.begin(path, sent)
	c.problems.Length(form.At(path, "content"), sent.Content, 1, maxText)
	c.text += utf8.RuneCountInString(sent.Content)
	text.Content = sent.Content
	return text
}

func (c *checker) thumbnail(path string, sent *Component) Component {
	thumbnail := c.begin(path, sent)
	thumbnail.Media = c.media(form.At(path, "media"), sent.Media, "http", "https", attachmentScheme)
	thumbnail.Spoiler = or(sent.Spoiler, false)
	thumbnail.Description.Set = true
	thumbnail.Description.Value = c.optional(form.At(path, "description"), sent.Description.Value, maxDescription)
	return thumbnail
}

// gallery checks pictures and videos side by side.
// https://discord.com/developers/docs/components/reference#media-gallery
func (c *checker) gallery(path string, sent *Component) Component {
	gallery := c.begin(path, sent)
	at := form.At(path, "items")
	c.size(at, len(sent.Items), 1, maxGallery)
	for i, item := range sent.Items[:min(len(sent.Items), maxGallery)] {
		here := form.At(at, i)
		kept := Item{Spoiler: item.Spoiler, Description: c.optional(form.At(here, "description"), item.Description, maxDescription)}
		if media := c.media(form.At(here, "media"), &item.Media, "http", "https", attachmentScheme); media != nil {
			kept.Media = *media
		}
		gallery.Items = append(gallery.Items, kept)
	}
	return gallery
}

// file checks an uploaded file.
// https://discord.com/developers/docs/components/reference#file
func (c *checker) file(path string, sent *Component) Component {
	file := c.begin(path, sent)
	file.File = c.media(form.At(path, "file"), sent.File, attachmentScheme)
	file.Spoiler = or(sent.Spoiler, false)
	return file
}

func (c *checker) separator(path string, sent *Component) Component {
	separator := c.begin(path, sent)
	separator.Divider, separator.Spacing = or(sent.Divider, true), or(sent.Spacing, 1)
	form.OneOf(c.problems, form.At(path, "spacing"), *separator.Spacing, 1, 2)
	return separator
}

// container checks a box around other components.
// https://discord.com/developers/docs/components/reference#container
func (c *checker) container(path string, sent *Component) Component {
	container := c.begin(path, sent)
	container.AccentColor.Set = true
	if container.AccentColor.Value = sent.AccentColor.Value; sent.AccentColor.Value != nil {
		c.problems.Range(form.At(path, "accent_color"), int64(*sent.AccentColor.Value), 0, maxColor)
	}
	container.Spoiler = or(sent.Spoiler, false)
	at := form.At(path, "components")
	c.size(at, len(sent.Components), 1, maxComponents)
	container.Components = c.list(at, sent.Components, ActionRow, Section, TextDisplay, MediaGallery, File, Separator)
	return container
}

// attachmentScheme is that of URLs that name a file of the same message: attachment://name.
// https://discord.com/developers/docs/reference#uploading-files
const attachmentScheme = "attachment"

// media checks a URL of one of the schemes. What else the client says of it is not believed.
func (c *checker) media(path string, sent *Media, schemes ...string) *Media {
	if sent == nil || sent.URL == "" {
		c.problems.Required(form.At(path, "url"))
		return nil
	}
	c.address(form.At(path, "url"), sent.URL, maxMediaURL, schemes...)
	return &Media{URL: sent.URL}
}

// address checks a URL.
func (c *checker) address(path, address string, most int, schemes ...string) {
	c.problems.Length(path, address, 1, most)
	parsed, err := url.Parse(address)
	switch {
	case err != nil || parsed.Host == "" && parsed.Scheme != "discord":
		c.problems.Add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
	default:
		for _, scheme := range schemes {
			if strings.EqualFold(parsed.Scheme, scheme) {
				return
			}
		}
		c.problems.Add(path, "URL_TYPE_INVALID_SCHEME",
			`"`+parsed.Scheme+`" is not supported. Scheme must be one of ('`+strings.Join(schemes, "', '")+`').`)
	}
}
