package conformance_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// everyOperation asks the platform, as nobody, for every operation that Discord describes: one that is answered otherwise
// than by an unknown path is served, and must have been called by this suite.
func (s *suite) everyOperation(t *testing.T) {
	served := 0
	for _, operation := range s.doc.operations() {
		if !s.served(t, operation) {
			if s.called[operation] {
				t.Errorf("%s was called with success and isn't served", operation)
			}
			continue
		}
		served++
		if !s.called[operation] && neverSucceeds[operation] == "" && !slices.ContainsFunc(s.doc.operations(), func(by string) bool { return s.called[by] && takes(by, operation) }) {
			t.Errorf("%s is served and was not called", operation)
		}
	}
	for operation := range s.called {
		if !s.doc.has(pointerTo(operation)) {
			t.Errorf("%s is not described", operation)
		}
	}
	t.Logf("of %d operations, %d are served and %d were called", len(s.doc.operations()), served, len(s.called))
}

// neverSucceeds has the operations that are served and can only be refused, and why.
var neverSucceeds = map[string]string{
	"GET /sticker-packs/{pack_id}": "the platform has no packs of its own",
}

// served tells whether the platform knows the path and method.
func (s *suite) served(t *testing.T, operation string) bool {
	t.Helper()
	values := make([]string, len(parameter.FindAllString(operation, -1)))
	for i := range values {
		values[i] = "1"
	}
	got := s.send(t, s.nobody, operation, nil, values...)
	var failure struct {
		Code int `json:"code"`
	}
	if err := json.Unmarshal(got.Body, &failure); err != nil {
		t.Errorf("%s: status %d: %v: %.300s", operation, got.Status, err, got.Body)
	}
	unknownPath := got.Status == http.StatusNotFound && failure.Code == 0
	return !unknownPath && got.Status != http.StatusMethodNotAllowed
}

// takes tells whether requests for operation are taken for ones for another, by: @me for an id, say.
func takes(by, operation string) bool {
	is, asked := strings.Split(by, "/"), strings.Split(operation, "/")
	return len(is) == len(asked) && slices.EqualFunc(is, asked, func(a, b string) bool {
		return a == b || parameter.MatchString(a)
	})
}
