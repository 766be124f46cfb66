package form

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"guildhall.chat/guildhall/internal/discord"
)

// Problems collects what is wrong with a request. The zero value is ready.
type Problems struct{ tree discord.FieldError }

// Add notes a problem at a path of dot-separated keys; "" is the request as a whole. A field has either problems of its own
// or fields below it that have: its own hide theirs.
// https://discord.com/developers/docs/reference#error-messages
func (p *Problems) Add(path, code, message string) {
	if p.tree == nil {
		p.tree = discord.FieldError{}
	}
	node := p.tree
	if path != "" {
		for key := range strings.SplitSeq(path, ".") {
			if node["_errors"] != nil {
				return
			}
			next, ok := node[key].(discord.FieldError)
			if !ok {
				next = discord.FieldError{}
				node[key] = next
			}
			node = next
		}
	}
	list, _ := node["_errors"].([]discord.FieldProblem)
	clear(node)
	node["_errors"] = append(list, discord.FieldProblem{Code: code, Message: message})
}

// Under takes in the problems of a part of the request, below a key of it.
func (p *Problems) Under(key string, part *Problems) {
	if len(part.tree) == 0 {
		return
	}
	if p.tree == nil {
		p.tree = discord.FieldError{}
	}
	p.tree[key] = part.tree
}

// Err is the error to return, nil if there were no problems.
func (p *Problems) Err() error {
	if len(p.tree) == 0 {
		return nil
	}
	e := *discord.ErrInvalidForm
	e.Errors = p.tree
	return &e
}

// Required notes that a field is missing.
func (p *Problems) Required(path string) {
	p.Add(path, "BASE_TYPE_REQUIRED", "This field is required")
}

// Length checks a text's length in characters.
func (p *Problems) Length(path, s string, least, most int) {
	n := utf8.RuneCountInString(s)
	switch {
	case n == 0 && least > 0:
		p.Required(path)
	case n < least || n > most:
		p.Add(path, "BASE_TYPE_BAD_LENGTH", fmt.Sprintf("Must be between %d and %d in length.", least, most))
	}
}

// Max checks that a text or list is not longer than it may be.
func (p *Problems) Max(path string, n, most int) {
	if n > most {
		p.Add(path, "BASE_TYPE_MAX_LENGTH", fmt.Sprintf("Must be %d or fewer in length.", most))
	}
}

// Range checks a number.
func (p *Problems) Range(path string, n, least, most int64) {
	switch {
	case n < least:
		p.Add(path, "NUMBER_TYPE_MIN", fmt.Sprintf("int value should be greater than or equal to %d.", least))
	case n > most:
		p.Add(path, "NUMBER_TYPE_MAX", fmt.Sprintf("int value should be less than or equal to %d.", most))
	}
}

// OneOf checks that a value is one of those allowed.
func OneOf[T comparable](p *Problems, path string, v T, allowed ...T) {
	texts := make([]string, len(allowed))
	for i, a := range allowed {
		if v == a {
			return
		}
		texts[i] = fmt.Sprint(a)
	}
	p.Add(path, "BASE_TYPE_CHOICES", fmt.Sprintf("Value must be one of {%s}.", strings.Join(texts, ", ")))
}

// Single is the error for one problem.
func Single(path, code, message string) error {
	var p Problems
	p.Add(path, code, message)
	return p.Err()
}

// Within is an error about a part of a request as one about the whole: the part stands at the key. Other errors stay as they
// are.
func Within(key string, err error) error {
	var e *discord.Error
	if !errors.As(err, &e) || e.Errors == nil {
		return err
	}
	nested := *e
	nested.Errors = discord.FieldError{key: e.Errors}
	return &nested
}

// At is a path into a list: At("embeds", 2, "title").
func At(parts ...any) string {
	texts := make([]string, 0, len(parts))
	for _, part := range parts {
		switch v := part.(type) {
		case int:
			texts = append(texts, strconv.Itoa(v))
		case string:
			if v != "" {
				texts = append(texts, v)
			}
		}
	}
	return strings.Join(texts, ".")
}

// IsInvalid reports whether an error is about the form of a request.
func IsInvalid(err error) bool {
	var e *discord.Error
	return errors.As(err, &e) && e.Code == discord.ErrInvalidForm.Code
}
