package webhooks

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
)

// slackBody is a message in the form of Slack's incoming webhooks. Slack also sends it as the field payload of a form.
// https://discord.com/developers/docs/resources/webhook#execute-slackcompatible-webhook
type slackBody struct {
	Text        string            `json:"text"`
	Username    *string           `json:"username"`
	IconURL     *string           `json:"icon_url"`
	Attachments []slackAttachment `json:"attachments"`
	Payload     string            `json:"payload"`
}

type slackAttachment struct {
	Fallback   string       `json:"fallback"`
	Color      string       `json:"color"`
	Pretext    string       `json:"pretext"`
	AuthorName string       `json:"author_name"`
	AuthorLink string       `json:"author_link"`
	AuthorIcon string       `json:"author_icon"`
	Title      string       `json:"title"`
	TitleLink  string       `json:"title_link"`
	Text       string       `json:"text"`
	Fields     []slackField `json:"fields"`
	ImageURL   string       `json:"image_url"`
	ThumbURL   string       `json:"thumb_url"`
	Footer     string       `json:"footer"`
	FooterIcon string       `json:"footer_icon"`
	Time       slackTime    `json:"ts"`
}

// slackField has Slack's names and Discord's.
type slackField struct {
	Title  string    `json:"title"`
	Name   string    `json:"name"`
	Value  string    `json:"value"`
	Short  form.Bool `json:"short"`
	Inline form.Bool `json:"inline"`
}

// slackTime is in seconds, as a number or a text, whole or not.
type slackTime struct{ time.Time }

// UnmarshalJSON takes anything; what is no time is none.
func (t *slackTime) UnmarshalJSON(b []byte) error {
	seconds, err := json.Number(strings.Trim(string(b), `"`)).Float64()
	if err == nil && seconds > 0 && seconds < 1<<37 {
		t.Time = time.UnixMilli(int64(seconds * 1000)).UTC()
	}
	return nil
}

// executeSlack posts a message in Slack's form.
// https://discord.com/developers/docs/resources/webhook#execute-slackcompatible-webhook
func (h *Handlers) executeSlack(c *call.Call) error {
	w, err := h.find(c)
	if err != nil {
		return err
	}
	var b slackBody
	if err := c.Bind(&b); err != nil {
		return err
	}
	if b.Payload != "" {
		if err := form.Decode([]byte(b.Payload), &b); err != nil {
			return err
		}
	}
	o := override{Username: b.Username, AvatarURL: b.IconURL}
	var p form.Problems
	o.check(&p)
	if err := p.Err(); err != nil {
		return err
	}
	embeds := make([]discord.Embed, 0, len(b.Attachments))
	for i := range b.Attachments {
		if e := b.Attachments[i].embed(); e != nil {
			embeds = append(embeds, *e)
		}
	}
	if err := h.relay(c, w, o, fromSlack(b.Text), embeds); err != nil {
		return err
	}
	return c.OK("ok")
}

// embed translates an attachment, nil if there is nothing in it.
func (a *slackAttachment) embed() *discord.Embed {
	e := discord.Embed{
		Type: "rich", Title: cut(a.Title, cutTitle), URL: link(a.TitleLink), Color: slackColor(a.Color),
		Image: picture(a.ImageURL), Thumbnail: picture(a.ThumbURL),
	}
	text := strings.TrimSpace(a.Pretext + "\n" + a.Text)
	if text == "" && e.Title == "" {
		text = a.Fallback
	}
	e.Description = cut(fromSlack(text), cutDescription)
	if !a.Time.IsZero() {
		at := discord.At(a.Time.Time)
		e.Timestamp = &at
	}
	if name := cut(a.AuthorName, cutAuthor); name != "" {
		e.Author = &discord.EmbedAuthor{Name: name, URL: link(a.AuthorLink), IconURL: link(a.AuthorIcon)}
	}
	if footer := cut(a.Footer, cutFooter); footer != "" {
		e.Footer = &discord.EmbedFooter{Text: footer, IconURL: link(a.FooterIcon)}
	}
	for _, f := range a.Fields[:min(len(a.Fields), cutFields)] {
		name, value := cut(f.Title+f.Name, cutFieldName), cut(fromSlack(f.Value), cutFieldValue)
		if name != "" && value != "" {
			e.Fields = append(e.Fields, discord.EmbedField{Name: name, Value: value, Inline: bool(f.Short || f.Inline)})
		}
	}
	if characters(e) == 0 && e.Image == nil && e.Thumbnail == nil {
		return nil
	}
	return &e
}

// slackColors are those that Slack has names for.
// https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments
var slackColors = map[string]int{"good": 0x2eb886, "warning": 0xdaa038, "danger": 0xa30200}

// slackColor reads #rrggbb, #rgb or a name, nil for anything else.
func slackColor(s string) *int {
	if color, known := slackColors[s]; known {
		return &color
	}
	hex, found := strings.CutPrefix(s, "#")
	if found && len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n, err := strconv.ParseUint(hex, 16, 24)
	if err != nil || !found || len(hex) != 6 {
		return nil
	}
	color := int(n)
	return &color
}

// slackLink is a link with a text of its own: <https://example.org|example>.
var slackLink = regexp.MustCompile(`<((?:https?://|mailto:)[^|>\s]+)\|([^>\n]+)>`)

// slackEntities are the characters that Slack escapes.
// https://docs.slack.dev/messaging/formatting-message-text
var slackEntities = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "<!everyone>", "@everyone", "<!here>", "@here",
	"<!channel>", "@here")

// fromSlack translates Slack's links, mentions and escapes; the rest of its markup reads alike.
func fromSlack(s string) string {
	return slackEntities.Replace(slackLink.ReplaceAllString(s, "[$2]($1)"))
}
