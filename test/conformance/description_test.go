package conformance_test

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// description is Discord's OpenAPI document, with the amendments.
type description struct {
	root     any
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema // by pointer
}

// location names the document in references to it; nothing is fetched from there.
const location = "https://discord.com/openapi.json"

// readDescription reads the document, or skips the test if there is none.
func readDescription(t *testing.T) *description {
	t.Helper()
	path := os.Getenv("DISCORD_OPENAPI")
	if path == "" {
		path = filepath.FromSlash("../../../shared/discord/openapi.json")
		if _, err := os.Stat(path); err != nil {
			t.Skip("set DISCORD_OPENAPI to Discord's openapi.json (https://github.com/discord/discord-api-spec) to hold the platform against it")
		}
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatalf("open Discord's description: %v", err)
	}
	defer func() { _ = file.Close() }()
	root, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		t.Fatalf("decode Discord's description %s: %v", path, err)
	}
	for _, a := range amendments {
		if err := a.apply(root); err != nil {
			t.Fatalf("amend Discord's description at %s: %v", a.pointer, err)
		}
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	compiler.RegisterFormat(&jsonschema.Format{Name: "int32", Validate: within(math.MinInt32, math.MaxInt32)})
	compiler.RegisterFormat(&jsonschema.Format{Name: "int64", Validate: within(math.MinInt64, math.MaxInt64)})
	if err := compiler.AddResource(location, root); err != nil {
		t.Fatalf("load Discord's description %s: %v", path, err)
	}
	return &description{root: root, compiler: compiler, compiled: map[string]*jsonschema.Schema{}}
}

// within checks an OpenAPI integer format.
func within(low, high int64) func(any) error {
	return func(value any) error {
		number, ok := value.(fmt.Stringer) // json.Number
		if !ok {
			return nil
		}
		n, ok := new(big.Rat).SetString(number.String())
		if !ok || n.Cmp(new(big.Rat).SetInt64(low)) < 0 || n.Cmp(new(big.Rat).SetInt64(high)) > 0 {
			return errors.New("out of the format's range")
		}
		return nil
	}
}

// at returns what a JSON pointer (RFC 6901) points to.
func at(root any, pointer string) (any, bool) {
	node := root
	for _, token := range strings.Split(pointer, "/")[1:] {
		object, ok := node.(map[string]any)
		if !ok {
			return nil, false
		}
		if node, ok = object[unescape.Replace(token)]; !ok {
			return nil, false
		}
	}
	return node, true
}

var (
	escape   = strings.NewReplacer("~", "~0", "/", "~1")
	unescape = strings.NewReplacer("~1", "/", "~0", "~")
)

// pointerTo is the pointer to an operation, named by method and path.
func pointerTo(operation string) string {
	method, path, _ := strings.Cut(operation, " ")
	return "/paths/" + escape.Replace(path) + "/" + strings.ToLower(method)
}

// operations lists what the document describes, each by method and path.
func (d *description) operations() []string {
	paths, _ := at(d.root, "/paths")
	var list []string
	for path, item := range paths.(map[string]any) {
		for method := range item.(map[string]any) {
			if method != "parameters" {
				list = append(list, strings.ToUpper(method)+" "+path)
			}
		}
	}
	return list
}

// response tells the pointer to the schema of an operation's answer with a status, "" for an empty one. Ranges of statuses
// are written as 4XX.
func (d *description) response(operation string, status int) (string, error) {
	base := pointerTo(operation) + "/responses"
	if _, ok := at(d.root, base); !ok {
		return "", errors.New("Discord does not describe the operation")
	}
	for _, key := range []string{fmt.Sprint(status), fmt.Sprintf("%dXX", status/100)} {
		response, ok := at(d.root, base+"/"+key)
		if !ok {
			continue
		}
		pointer := base + "/" + key
		if ref, ok := response.(map[string]any)["$ref"].(string); ok {
			pointer = strings.TrimPrefix(ref, "#")
		}
		if schema := pointer + "/content/application~1json/schema"; d.has(schema) {
			return schema, nil
		}
		return "", nil
	}
	return "", fmt.Errorf("Discord does not answer with %d", status)
}

// request returns the schema of an operation's JSON body, and whether it has one.
func (d *description) request(operation string) (any, bool) {
	return at(d.root, pointerTo(operation)+"/requestBody/content/application~1json/schema")
}

// form returns the schema of an operation's body that is a form with files, and whether it has one.
func (d *description) form(operation string) (any, bool) {
	return at(d.root, pointerTo(operation)+"/requestBody/content/multipart~1form-data/schema")
}

func (d *description) has(pointer string) bool {
	_, ok := at(d.root, pointer)
	return ok
}

// validate checks a body, decoded with jsonschema.UnmarshalJSON, with the schema at a pointer.
func (d *description) validate(pointer string, body any) error {
	schema, ok := d.compiled[pointer]
	if !ok {
		var err error
		if schema, err = d.compiler.Compile(location + "#" + (&url.URL{Path: pointer}).EscapedPath()); err != nil {
			return fmt.Errorf("compile the schema: %w", err)
		}
		d.compiled[pointer] = schema
	}
	return schema.Validate(body)
}
