package welcome

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"
	"unicode/utf8"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/store"
)

// Types of a form's fields, and their bounds.
const (
	fieldTerms     = "TERMS"
	fieldText      = "TEXT_INPUT"
	fieldParagraph = "PARAGRAPH"
	fieldChoice    = "MULTIPLE_CHOICE"

	maxFields      = 5
	maxLabel       = 300
	maxTerms       = 16
	maxTerm        = 300
	maxChoices     = 8
	maxChoice      = 150
	maxText        = 150
	maxParagraph   = 1000
	maxFormText    = 300
	maxPlaceholder = 100
)

// form returns what new members have to fill in.
// https://docs.discord.food/resources/guild#get-guild-member-verification
func (h *Handlers) form(c *call.Call) error {
	_, w, err := h.enter(c)
	if err != nil {
		return err
	}
	return c.OK(shownForm(w))
}

func shownForm(w store.Welcome) discord.VerificationForm {
	if w.Form != nil {
		return *w.Form
	}
	return discord.VerificationForm{Fields: []discord.FormField{}}
}

// setForm changes the form, and whether it has to be filled in.
// https://docs.discord.food/resources/guild#modify-guild-member-verification
func (h *Handlers) setForm(c *call.Call) error {
	var b struct {
		Enabled     form.Field[form.Bool]           `json:"enabled"`
		Description form.Field[*string]             `json:"description"`
		Fields      form.Field[[]discord.FormField] `json:"form_fields"`
		Approval    form.Field[form.Bool]           `json:"manual_approval"`
	}
	if err := c.Bind(&b); err != nil {
		return err
	}
	var p form.Problems
	if b.Description.Value != nil {
		p.Length("description", *b.Description.Value, 0, maxFormText)
	}
	p.Max("form_fields", len(b.Fields.Value), maxFields)
	for i := range b.Fields.Value {
		checkField(&p, form.At("form_fields", i), &b.Fields.Value[i])
	}
	if err := p.Err(); err != nil {
		return err
	}
	var after discord.VerificationForm
	err := h.change(c, permissions.ManageGuild, func(_ *store.Tx, v *access.Visit, w *store.Welcome) (map[string]bool, error) {
		after = shownForm(*w)
		b.Description.Apply(&after.Description)
		if b.Fields.Set {
			after.Fields = b.Fields.Value
		}
		features := map[string]bool{}
		if b.Enabled.Set {
			features[discord.FeatureScreening] = bool(b.Enabled.Value)
		}
		if b.Approval.Set {
			features[discord.FeatureManualApproval] = bool(b.Approval.Value)
		}
		if features[discord.FeatureScreening] && !has(v, discord.FeatureCommunity) {
			return nil, form.Single("enabled", "BASE_TYPE_BAD_VALUE", "Only a community screens its members.")
		}
		after.Version = time.Now().UTC().Format(time.RFC3339Nano)
		w.Form = &after
		return features, nil
	})
	if err != nil {
		return err
	}
	return c.OK(after)
}

func checkField(p *form.Problems, at string, f *discord.FormField) {
	form.OneOf(p, form.At(at, "field_type"), f.Type, fieldTerms, fieldText, fieldParagraph, fieldChoice)
	p.Length(form.At(at, "label"), f.Label, 1, maxLabel)
	if f.Description != nil {
		p.Length(form.At(at, "description"), *f.Description, 0, maxFormText)
	}
	if f.Placeholder != nil {
		p.Length(form.At(at, "placeholder"), *f.Placeholder, 0, maxPlaceholder)
	}
	checkList(p, form.At(at, "values"), f.Values, f.Type == fieldTerms, maxTerms, maxTerm)
	checkList(p, form.At(at, "choices"), f.Choices, f.Type == fieldChoice, maxChoices, maxChoice)
	f.Response = nil
}

// checkList checks the list that one type of field has.
func checkList(p *form.Problems, at string, list []string, wanted bool, most, length int) {
	switch {
	case wanted && len(list) == 0:
		p.Required(at)
	case !wanted && len(list) > 0:
		p.Add(at, "BASE_TYPE_BAD_VALUE", "This type of field has none.")
	}
	p.Max(at, len(list), most)
	for i, text := range list {
		p.Length(form.At(at, i), text, 1, length)
	}
}

// fill puts the responses into the form's fields. All that are required must be there.
func fill(of discord.VerificationForm, sent []discord.FormField) ([]discord.FormField, error) {
	var p form.Problems
	filled := slices.Clone(of.Fields)
	for i := range filled {
		at := form.At("form_fields", i, "response")
		var response json.RawMessage
		if i < len(sent) && !bytes.Equal(sent[i].Response, []byte("null")) {
			response = sent[i].Response
		}
		if response == nil {
			if filled[i].Required {
				p.Required(at)
			}
			continue
		}
		if !answers(filled[i], response) {
			p.Add(at, "BASE_TYPE_BAD_VALUE", "This is no answer to the field.")
		}
		filled[i].Response = response
	}
	return filled, p.Err()
}

// answers reports whether a response suits its field.
func answers(f discord.FormField, response json.RawMessage) bool {
	switch f.Type {
	case fieldTerms:
		var agreed bool
		return json.Unmarshal(response, &agreed) == nil && (agreed || !f.Required)
	case fieldChoice:
		var choice int
		return json.Unmarshal(response, &choice) == nil && choice >= 0 && choice < len(f.Choices)
	}
	most := maxText
	if f.Type == fieldParagraph {
		most = maxParagraph
	}
	var text string
	if json.Unmarshal(response, &text) != nil {
		return false
	}
	n := utf8.RuneCountInString(text)
	return n <= most && (n > 0 || !f.Required)
}
