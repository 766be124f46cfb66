package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"guildhall.chat/guildhall/test/clients/rest"
)

// object is a JSON object in a request.
type object map[string]any

// answer is a validated success, decoded.
type answer struct {
	t    *testing.T
	body any
}

// ok calls an operation and expects a success that is as described. The operation is a method, a path of the
// description and perhaps a query; values fill the path's parameters from left to right.
func (s *suite) ok(t *testing.T, as *rest.Client, operation string, body any, values ...string) answer {
	t.Helper()
	var payload []byte
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	return s.succeeded(t, operation, s.send(t, as, operation, payload, values...))
}

// succeeded expects that an operation was answered with a success that is as described, and counts it.
func (s *suite) succeeded(t *testing.T, operation string, got rest.Response) answer {
	t.Helper()
	if got.Status < 200 || got.Status > 299 {
		t.Fatalf("%s: status %d: %.600s", operation, got.Status, got.Body)
	}
	described, _, _ := strings.Cut(operation, "?")
	decoded, err := s.validate(described, got)
	if err != nil {
		t.Errorf("%s: %v", operation, err)
	}
	s.called[described] = true
	if pointer, err := s.doc.response(described, got.Status); err == nil && pointer != "" {
		schema, _ := at(s.doc.root, pointer)
		s.see(schema, decoded)
	}
	return answer{t, decoded}
}

// file is what a request uploads, as the part files[n].
type file struct {
	name    string
	content []byte
}

// okFiles is ok with files: the body becomes payload_json.
// https://discord.com/developers/docs/reference#uploading-files
func (s *suite) okFiles(t *testing.T, as *rest.Client, operation string, body any, files []file, values ...string) answer {
	t.Helper()
	return s.succeeded(t, operation, s.sendFiles(t, as, operation, body, files, values...))
}

// sendFiles is send with files; without any the body is sent as JSON.
func (s *suite) sendFiles(t *testing.T, as *rest.Client, operation string, body any, files []file, values ...string) rest.Response {
	t.Helper()
	payload, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		return s.send(t, as, operation, payload, values...)
	}
	var parts bytes.Buffer
	w := multipart.NewWriter(&parts)
	if err := w.WriteField("payload_json", string(payload)); err != nil {
		t.Fatal(err)
	}
	for n, f := range files {
		part, err := w.CreateFormFile(fmt.Sprintf("files[%d]", n), f.name)
		if err == nil {
			_, err = part.Write(f.content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return s.sendAs(t, as, operation, w.FormDataContentType(), parts.Bytes(), values...)
}

var parameter = regexp.MustCompile(`\{[a-z_]+\}`)

// send sends a request with a JSON body, nil for none, and returns whatever comes back.
func (s *suite) send(t *testing.T, as *rest.Client, operation string, payload []byte, values ...string) rest.Response {
	t.Helper()
	kind := ""
	if payload != nil {
		kind = "application/json"
	}
	return s.sendAs(t, as, operation, kind, payload, values...)
}

func (s *suite) sendAs(t *testing.T, as *rest.Client, operation, kind string, payload []byte, values ...string) rest.Response {
	t.Helper()
	method, target, _ := strings.Cut(operation, " ")
	target = parameter.ReplaceAllStringFunc(target, func(name string) string {
		if len(values) == 0 {
			t.Fatalf("%s: no value for %s", operation, name)
		}
		value := url.PathEscape(values[0])
		values = values[1:]
		return value
	})
	if len(values) > 0 {
		t.Fatalf("%s: too many values: %q", operation, values)
	}
	header := http.Header{}
	if kind != "" {
		header.Set("Content-Type", kind)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	got, err := as.Raw(ctx, method, "/api/v10"+target, header, payload)
	if err != nil {
		t.Fatalf("%s: no answer: %v", operation, err)
	}
	return got
}

// validate checks an answer of any status with the description and decodes it.
func (s *suite) validate(operation string, got rest.Response) (any, error) {
	schema, err := s.doc.response(operation, got.Status)
	if err != nil {
		return nil, fmt.Errorf("status %d: %w", got.Status, err)
	}
	kind := got.Header.Get("Content-Type")
	if schema == "" {
		if len(got.Body) != 0 || kind != "" {
			return nil, fmt.Errorf("status %d has no body, but there is one of type %q: %.600s", got.Status, kind, got.Body)
		}
		return nil, nil
	}
	if kind != "application/json" {
		return nil, fmt.Errorf("status %d: Content-Type %q, expected exactly application/json", got.Status, kind)
	}
	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(got.Body))
	if err != nil {
		return nil, fmt.Errorf("status %d: %w: %.600s", got.Status, err, got.Body)
	}
	if err := s.doc.validate(schema, body); err != nil {
		return body, fmt.Errorf("status %d: %.1500s\nthe body: %.1500s", got.Status, err.Error(), got.Body)
	}
	return body, nil
}

// get returns the value at a path of keys.
func (a answer) get(path ...string) any {
	a.t.Helper()
	node := a.body
	for _, key := range path {
		fields, ok := node.(map[string]any)
		if !ok {
			a.t.Fatalf("no %s in %v", strings.Join(path, "."), a.body)
		}
		node = fields[key]
	}
	return node
}

// text returns the string at a path of keys.
func (a answer) text(path ...string) string {
	a.t.Helper()
	value, ok := a.get(path...).(string)
	if !ok {
		a.t.Fatalf("%s is no string in %v", strings.Join(path, "."), a.body)
	}
	return value
}

// some checks that the answer is a list with elements: an empty one conforms to anything.
func (a answer) some() {
	a.t.Helper()
	if list, ok := a.body.([]any); !ok || len(list) == 0 {
		a.t.Errorf("expected a list with elements: %v", a.body)
	}
}

// fails calls an operation and expects an error that is as described, with a status and Discord's code.
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
func (s *suite) fails(t *testing.T, as *rest.Client, operation string, body any, status, code int, values ...string) {
	t.Helper()
	var payload []byte
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	got := s.send(t, as, operation, payload, values...)
	var failure struct {
		Code int `json:"code"`
	}
	if err := json.Unmarshal(got.Body, &failure); err != nil || got.Status != status || failure.Code != code {
		t.Errorf("%s: status %d, expected %d with code %d: %.600s", operation, got.Status, status, code, got.Body)
	}
	described, _, _ := strings.Cut(operation, "?")
	if _, err := s.validate(described, got); err != nil {
		t.Errorf("%s: %v", operation, err)
	}
	s.note(described, status, code)
}

// note keeps that an operation failed as it should.
func (s *suite) note(operation string, status, code int) {
	if s.refused[operation] == nil {
		s.refused[operation] = map[string]bool{}
	}
	failure := fmt.Sprint(status)
	if code != 0 {
		failure += fmt.Sprintf(" (%d)", code)
	}
	s.refused[operation][failure] = true
}
