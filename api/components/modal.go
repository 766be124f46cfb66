package components

import (
	"unicode/utf8"

	"guildhall.chat/guildhall/api/form"
)

// Limits of modals.
const (
	maxModalRows        = 5
	maxLabel            = 45
	maxLabelDescription = 100
	maxInput            = 4000 // characters of a text input
	maxInputPlaceholder = 100
	maxFiles            = 10
	maxBoxes            = 10
)

// modal checks the top of a modal: labels, texts, and the rows with a text input that there were before labels.
// https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-modal
func (c *checker) modal(sent []Component) []Component {
	c.inModal = true
	c.size(root, len(sent), 1, maxModalRows)
	var kept []Component
	for i := range sent[:min(len(sent), maxModalRows)] {
		one, at := &sent[i], form.At(root, i)
		if !c.oneOf(at, one, ActionRow, Label, TextDisplay) {
			continue
		}
		switch one.Type {
		case ActionRow:
			kept = append(kept, c.inputRow(at, one))
		case Label:
			kept = append(kept, c.label(at, one))
		default:
			kept = append(kept, c.textDisplay(at, one))
		}
	}
	return kept
}

func (c *checker) inputRow(path string, sent *Component) Component {
	row := c.begin(path, sent)
	at := form.At(path, "components")
	c.size(at, len(sent.Components), 1, 1)
	if len(sent.Components) != 1 || !c.oneOf(form.At(at, 0), &sent.Components[0], TextInput) {
		return row
	}
	input := c.textInput(form.At(at, 0), &sent.Components[0])
	input.Label = c.required(form.At(at, 0, "label"), sent.Components[0].Label, maxLabel)
	row.Components = []Component{input}
	return row
}

// label checks a question with the component for its answer.
// https://discord.com/developers/docs/components/reference#label
func (c *checker) label(path string, sent *Component) Component {
	label := c.begin(path, sent)
	label.Label = c.required(form.At(path, "label"), sent.Label, maxLabel)
	if text := c.optional(form.At(path, "description"), sent.Description.Value, maxLabelDescription); text != nil {
		label.Description = form.Field[*string]{Set: true, Value: text}
	}
	at := form.At(path, "component")
	switch asked := sent.Component; {
	case asked == nil:
		c.problems.Required(at)
	case c.oneOf(at, asked, TextInput, StringSelect, UserSelect, RoleSelect, MentionableSelect, ChannelSelect,
		FileUpload, RadioGroup, CheckboxGroup, Checkbox):
		label.Component = ptr(c.asked(at, asked))
	}
	return label
}

// asked checks the component of a label.
func (c *checker) asked(path string, sent *Component) Component {
	switch sent.Type {
	case TextInput:
		return c.textInput(path, sent)
	case FileUpload:
		return c.fileUpload(path, sent)
	case RadioGroup:
		return c.radioGroup(path, sent)
	case CheckboxGroup:
		return c.checkboxGroup(path, sent)
	case Checkbox:
		box := c.begin(path, sent)
		box.CustomID, box.Default = c.customID(path, sent), sent.Default
		return box
	}
	return c.choice(path, sent)
}

// question is begin for a component that takes an answer, which must be given unless it says otherwise.
func (c *checker) question(path string, sent *Component) Component {
	asked := c.begin(path, sent)
	asked.CustomID, asked.Required = c.customID(path, sent), or(sent.Required, true)
	return asked
}

// textInput checks a field for text.
// https://discord.com/developers/docs/components/reference#text-input
func (c *checker) textInput(path string, sent *Component) Component {
	input := c.question(path, sent)
	if input.Style = sent.Style; sent.Style == nil {
		c.problems.Required(form.At(path, "style"))
	} else {
		form.OneOf(c.problems, form.At(path, "style"), *sent.Style, 1, 2)
	}
	input.MinLength, input.MaxLength = or(sent.MinLength, 0), or(sent.MaxLength, maxInput)
	c.problems.Range(form.At(path, "min_length"), int64(*input.MinLength), 0, maxInput)
	c.problems.Range(form.At(path, "max_length"), int64(*input.MaxLength), 1, maxInput)
	if *input.MinLength > *input.MaxLength {
		c.problems.Add(form.At(path, "min_length"), "BASE_TYPE_BAD_VALUE", "min_length is at most max_length.")
	}
	input.Placeholder = c.optional(form.At(path, "placeholder"), sent.Placeholder, maxInputPlaceholder)
	if input.Value = sent.Value; sent.Value != nil && utf8.RuneCountInString(*sent.Value) > int(*input.MaxLength) {
		c.problems.Max(form.At(path, "value"), utf8.RuneCountInString(*sent.Value), int(*input.MaxLength))
	}
	return input
}

// fileUpload checks a field for files.
// https://discord.com/developers/docs/components/reference#file-upload
func (c *checker) fileUpload(path string, sent *Component) Component {
	upload := c.question(path, sent)
	c.counts(path, sent, &upload, maxFiles)
	return upload
}

// radioGroup checks options of which one can be chosen.
func (c *checker) radioGroup(path string, sent *Component) Component {
	group := c.question(path, sent)
	group.Options = c.options(path, sent.Options, 2, maxBoxes, 1)
	return group
}

// checkboxGroup checks options of which several can be chosen: all, unless it says otherwise.
func (c *checker) checkboxGroup(path string, sent *Component) Component {
	group := c.question(path, sent)
	limits := *sent
	limits.MaxValues = or(sent.MaxValues, form.Int(min(max(len(sent.Options), 1), maxBoxes)))
	c.counts(path, &limits, &group, maxBoxes)
	group.Options = c.options(path, sent.Options, 1, maxBoxes, int(*group.MaxValues))
	return group
}
