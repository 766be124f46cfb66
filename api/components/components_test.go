package components

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

const v2 = discord.MessageFlagComponentsV2

// problems is what is wrong, as path: code, of the first found.
func problems(t *testing.T, err error) map[string]string {
	t.Helper()
	if err == nil {
		return nil
	}
	var e *discord.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	found := map[string]string{}
	var walk func(path string, node discord.FieldError)
	walk = func(path string, node discord.FieldError) {
		for key, value := range node {
			switch v := value.(type) {
			case discord.FieldError:
				walk(form.At(path, key), v)
			case []discord.FieldProblem:
				found[path] = v[0].Code
			}
		}
	}
	walk("", e.Errors)
	return found
}

func TestComponentsAreKeptWithDefaultsAndIDs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		flags      int
		sent, want string
	}{
		{v2, `[{"type":10,"content":"a","placeholder":"what it has not"}]`, `[{"type":10,"id":1,"content":"a"}]`},
		{v2, `[{"type":10,"content":"a","id":0},{"type":10,"content":"b","id":"1"},{"type":10,"content":"c"}]`,
			`[{"type":10,"id":2,"content":"a"},{"type":10,"id":1,"content":"b"},{"type":10,"id":3,"content":"c"}]`},
		{0, `[{"type":1,"components":[{"type":5,"custom_id":"u","max_values":3}]}]`,
			`[{"type":1,"id":1,"components":[{"type":5,"id":2,"custom_id":"u","min_values":1,"max_values":3}]}]`},
		{v2, `[{"type":9,"components":[{"type":10,"content":"a"}],"accessory":{"type":11,"media":{"url":"https://a.example/","width":9}}}]`,
			`[{"type":9,"id":1,"components":[{"type":10,"id":2,"content":"a"}],"accessory":{"type":11,"id":3,"media":{"url":"https://a.example/"},"description":null,"spoiler":false}}]`},
		{v2, `[{"type":17,"components":[{"type":14}]}]`,
			`[{"type":17,"id":1,"spoiler":false,"accent_color":null,"components":[{"type":14,"id":2,"divider":true,"spacing":1}]}]`},
		{v2, `[{"type":12,"items":[{"media":{"url":"attachment://a.png"}}]}]`,
			`[{"type":12,"id":1,"items":[{"media":{"url":"attachment://a.png"},"description":null,"spoiler":false}]}]`},
		{0, `null`, `[]`}, {0, ``, `[]`}, {0, `[]`, `[]`},
	} {
		var p form.Problems
		if got := Check(&p, json.RawMessage(test.sent), test.flags); string(got) != test.want || p.Err() != nil {
			t.Errorf("%s\n got %s, %v\nwant %s", test.sent, got, problems(t, p.Err()), test.want)
		}
	}
}

// What Check returns, Check takes as it is.
func TestCheckedComponentsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	sent := json.RawMessage(`[{"type":1,"components":[{"type":2,"style":1,"custom_id":"a","label":"A","emoji":{"name":"👍"}},
		{"type":2,"style":5,"url":"https://a.example/","label":"B"}]},
		{"type":1,"components":[{"type":3,"custom_id":"s","options":[{"label":"a","value":"b","default":true}]}]},
		{"type":17,"accent_color":255,"components":[{"type":13,"file":{"url":"attachment://f"}},{"type":10,"content":"t"}]}]`)
	var p form.Problems
	once := Check(&p, sent, v2)
	twice := Check(&p, once, v2)
	if string(once) != string(twice) || p.Err() != nil {
		t.Errorf("%v\n%s\n%s", problems(t, p.Err()), once, twice)
	}
}

const button = `{"type":2,"style":1,"label":"x","custom_id":"%s"}`

func row(inner ...string) string {
	return `[{"type":1,"components":[` + strings.Join(inner, ",") + `]}]`
}

func choice(fields string) string {
	return row(`{"type":3,"custom_id":"s","options":[{"label":"a","value":"a"},{"label":"b","value":"b"}],` + fields + `}`)
}

func TestWhatIsWrongIsToldAtItsPath(t *testing.T) {
	t.Parallel()
	many := func(n int, one string) string {
		list := make([]string, n)
		for i := range list {
			list[i] = strings.ReplaceAll(one, "%s", fmt.Sprint(i))
		}
		return strings.Join(list, ",")
	}
	const at = "components.0.components.0."
	for name, test := range map[string]struct {
		flags            int
		sent, path, code string
	}{
		"no list":              {0, `{"type":1}`, "components", "LIST_TYPE_CONVERT"},
		"no object":            {0, `[null]`, "components.0.type", "BASE_TYPE_REQUIRED"},
		"no object within":     {0, row("1"), "components.0.components.0", "DICT_TYPE_CONVERT"},
		"broken type":          {0, `[{"type":5.5}]`, "components.0.type", "NUMBER_TYPE_COERCE"},
		"too deep":             {0, strings.Repeat(`[{"components":`, 20) + `[]` + strings.Repeat(`}]`, 20), "components", "BASE_TYPE_BAD_VALUE"},
		"v2 without the flag":  {0, `[{"type":10,"content":"a"}]`, "components.0.type", "BASE_TYPE_CHOICES"},
		"button on top":        {v2, `[` + button + `]`, "components.0.type", "BASE_TYPE_CHOICES"},
		"empty row":            {0, row(), "components.0.components", "BASE_TYPE_REQUIRED"},
		"six buttons":          {0, row(many(6, button)), "components.0.components", "BASE_TYPE_BAD_LENGTH"},
		"six rows":             {0, `[` + many(6, `{"type":1,"components":[`+button+`]}`) + `]`, "components", "BASE_TYPE_BAD_LENGTH"},
		"41 components":        {v2, `[` + many(41, `{"type":10,"content":"a"}`) + `]`, "components", "BASE_TYPE_BAD_LENGTH"},
		"4001 characters":      {v2, `[` + many(2, `{"type":10,"content":"`+strings.Repeat("é", 2001)+`"}`) + `]`, "components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"},
		"same custom id":       {0, row(button, button), "components.0.components.1.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED"},
		"same id":              {v2, `[{"type":10,"content":"a","id":5},{"type":10,"content":"a","id":5}]`, "components.1.id", "COMPONENT_ID_DUPLICATED"},
		"negative id":          {v2, `[{"type":10,"content":"a","id":-1}]`, "components.0.id", "NUMBER_TYPE_MIN"},
		"huge id":              {v2, `[{"type":10,"content":"a","id":2147483648}]`, "components.0.id", "NUMBER_TYPE_MAX"},
		"button without id":    {0, row(`{"type":2,"style":1,"label":"x"}`), at + "custom_id", "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED"},
		"button without style": {0, row(`{"type":2,"label":"x","custom_id":"a"}`), at + "style", "BASE_TYPE_REQUIRED"},
		"premium":              {0, row(`{"type":2,"style":6,"sku_id":"1"}`), at + "style", "BASE_TYPE_CHOICES"},
		"link with id":         {0, row(`{"type":2,"style":5,"label":"x","custom_id":"a","url":"https://a.example"}`), at + "custom_id", "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE"},
		"link without url":     {0, row(`{"type":2,"style":5,"label":"x"}`), at + "url", "BUTTON_COMPONENT_URL_REQUIRED"},
		"link to a script":     {0, row(`{"type":2,"style":5,"label":"x","url":"javascript://a/%0Aalert(1)"}`), at + "url", "URL_TYPE_INVALID_SCHEME"},
		"link to nowhere":      {0, row(`{"type":2,"style":5,"label":"x","url":"a"}`), at + "url", "URL_TYPE_INVALID_URL"},
		"bare button":          {0, row(`{"type":2,"style":1,"custom_id":"a"}`), at + "label", "BASE_TYPE_REQUIRED"},
		"long label":           {0, row(`{"type":2,"style":1,"custom_id":"a","label":"` + strings.Repeat("a", 81) + `"}`), at + "label", "BASE_TYPE_BAD_LENGTH"},
		"select and button":    {0, row(button, `{"type":5,"custom_id":"s"}`), "components.0.components.1", "COMPONENT_LAYOUT_WIDTH_EXCEEDED"},
		"text input":           {0, row(`{"type":4,"custom_id":"s","style":1,"label":"x"}`), at + "type", "BASE_TYPE_CHOICES"},
		"no options":           {0, row(`{"type":3,"custom_id":"s"}`), at + "options", "BASE_TYPE_REQUIRED"},
		"same value":           {0, row(`{"type":3,"custom_id":"s","options":[{"label":"a","value":"a"},{"label":"b","value":"a"}]}`), at + "options.1.value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"},
		"option without label": {0, row(`{"type":3,"custom_id":"s","options":[{"value":"a"}]}`), at + "options.0.label", "BASE_TYPE_REQUIRED"},
		"min above 25":         {0, choice(`"min_values":26`), at + "min_values", "NUMBER_TYPE_MAX"},
		"max below 1":          {0, choice(`"max_values":0`), at + "max_values", "NUMBER_TYPE_MIN"},
		"min above max":        {0, choice(`"min_values":2,"max_values":1`), at + "min_values", "BASE_TYPE_BAD_VALUE"},
		"two chosen":           {0, row(`{"type":3,"custom_id":"s","options":[{"label":"a","value":"a","default":true},{"label":"b","value":"b","default":true}]}`), at + "options", "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES"},
		"default of a role":    {0, row(`{"type":5,"custom_id":"s","default_values":[{"type":"role","id":"1"}]}`), at + "default_values.0.type", "BASE_TYPE_CHOICES"},
		"channel type":         {0, row(`{"type":8,"custom_id":"s","channel_types":[99]}`), at + "channel_types.0", "NUMBER_TYPE_MAX"},
		"bare section":         {v2, `[{"type":9,"components":[{"type":10,"content":"a"}]}]`, "components.0.accessory", "BASE_TYPE_REQUIRED"},
		"row in a section":     {v2, `[{"type":9,"components":[{"type":1}],"accessory":` + button + `}]`, "components.0.components.0.type", "BASE_TYPE_CHOICES"},
		"long section":         {v2, `[{"type":9,"components":[` + many(4, `{"type":10,"content":"a"}`) + `],"accessory":` + button + `}]`, "components.0.components", "BASE_TYPE_BAD_LENGTH"},
		"thumbnail of nothing": {v2, `[{"type":9,"components":[{"type":10,"content":"a"}],"accessory":{"type":11}}]`, "components.0.accessory.media.url", "BASE_TYPE_REQUIRED"},
		"eleven pictures":      {v2, `[{"type":12,"items":[` + many(11, `{"media":{"url":"https://a.example"}}`) + `]}]`, "components.0.items", "BASE_TYPE_BAD_LENGTH"},
		"picture from ftp":     {v2, `[{"type":12,"items":[{"media":{"url":"ftp://a.example"}}]}]`, "components.0.items.0.media.url", "URL_TYPE_INVALID_SCHEME"},
		"file of the web":      {v2, `[{"type":13,"file":{"url":"https://a.example"}}]`, "components.0.file.url", "URL_TYPE_INVALID_SCHEME"},
		"spacing":              {v2, `[{"type":14,"spacing":3}]`, "components.0.spacing", "BASE_TYPE_CHOICES"},
		"container within":     {v2, `[{"type":17,"components":[{"type":17,"components":[]}]}]`, "components.0.components.0.type", "BASE_TYPE_CHOICES"},
		"color":                {v2, `[{"type":17,"accent_color":16777216,"components":[{"type":14}]}]`, "components.0.accent_color", "NUMBER_TYPE_MAX"},
		"label in a message":   {v2, `[{"type":18,"label":"a"}]`, "components.0.type", "BASE_TYPE_CHOICES"},
	} {
		var p form.Problems
		Check(&p, json.RawMessage(test.sent), test.flags)
		if found := problems(t, p.Err()); found[test.path] != test.code {
			t.Errorf("%s: %v, want %s at %s", name, found, test.code, test.path)
		}
	}
}

func TestModals(t *testing.T) {
	t.Parallel()
	label := func(inner string) string { return `[{"type":18,"label":"L","component":` + inner + `}]` }
	const at = "components.0.component."
	for sent, want := range map[string]string{ // path and code; nothing: it is right
		`[{"type":1,"components":[{"type":4,"style":1,"custom_id":"a","label":"A"}]},{"type":10,"content":"x"}]`: "",
		label(`{"type":4,"style":2,"custom_id":"a","min_length":1,"max_length":4000,"value":"v"}`):               "",
		label(`{"type":3,"custom_id":"a","required":false,"options":[{"label":"a","value":"a"}]}`):               "",
		label(`{"type":8,"custom_id":"a","channel_types":[0,5]}`):                                                "",
		label(`{"type":19,"custom_id":"a","max_values":10}`):                                                     "",
		label(`{"type":21,"custom_id":"a","options":[{"label":"a","value":"a"},{"label":"b","value":"b"}]}`):     "",
		label(`{"type":22,"custom_id":"a","options":[{"label":"a","value":"a"}]}`):                               "",
		label(`{"type":23,"custom_id":"a","default":true}`):                                                      "",

		`[]`:                        "components BASE_TYPE_REQUIRED",
		`[{"type":18,"label":"a"}]`: "components.0.component BASE_TYPE_REQUIRED",
		label(`{"type":2}`):         at + "type BASE_TYPE_CHOICES",
		`[{"type":1,"components":[{"type":4,"style":1,"custom_id":"a"}]}]`:                                "components.0.components.0.label BASE_TYPE_REQUIRED",
		`[{"type":1,"components":[{"type":2,"style":1,"custom_id":"a","label":"x"}]}]`:                    "components.0.components.0.type BASE_TYPE_CHOICES",
		label(`{"type":4,"style":3,"custom_id":"a"}`):                                                     at + "style BASE_TYPE_CHOICES",
		label(`{"type":4,"style":1,"custom_id":"a","max_length":4001}`):                                   at + "max_length NUMBER_TYPE_MAX",
		label(`{"type":4,"style":1,"custom_id":"a","min_length":5,"max_length":4}`):                       at + "min_length BASE_TYPE_BAD_VALUE",
		label(`{"type":4,"style":1}`):                                                                     at + "custom_id BASE_TYPE_REQUIRED",
		label(`{"type":5,"custom_id":"a","disabled":true}`):                                               at + "disabled BASE_TYPE_BAD_VALUE",
		label(`{"type":21,"custom_id":"a","options":[{"label":"a","value":"a"}]}`):                        at + "options BASE_TYPE_BAD_LENGTH",
		label(`{"type":19,"custom_id":"a","max_values":11}`):                                              at + "max_values NUMBER_TYPE_MAX",
		`[` + strings.Repeat(`{"type":10,"content":"x"},`, 5) + `{"type":10,"content":"x"}]`:              "components BASE_TYPE_BAD_LENGTH",
		`[{"type":18,"label":"` + strings.Repeat("a", 46) + `","component":{"type":23,"custom_id":"a"}}]`: "components.0.label BASE_TYPE_BAD_LENGTH",
	} {
		var p form.Problems
		CheckModal(&p, json.RawMessage(sent))
		found := problems(t, p.Err())
		path, code, wrong := strings.Cut(want, " ")
		if !wrong && found != nil || wrong && found[path] != code {
			t.Errorf("%s: %v, want %q", sent, found, want)
		}
	}
}

func TestMediaIsAttached(t *testing.T) {
	t.Parallel()
	var p form.Problems
	kept := Check(&p, json.RawMessage(`[{"type":13,"file":{"url":"attachment://a.txt"}},
		{"type":12,"items":[{"media":{"url":"https://a.example/b.png"}}]}]`), v2)
	upload := Upload{Media: Media{URL: "https://cdn.example/a.txt", ProxyURL: "https://cdn.example/a.txt", ID: 7}, Name: "a.txt", Size: 3}
	kept, shown := Attach(&p, kept, func() snowflake.ID { return 9 }, []Upload{upload})
	want := `[{"type":13,"id":1,"spoiler":false,"file":{"url":"https://cdn.example/a.txt","id":"7","proxy_url":"https://cdn.example/a.txt"},"name":"a.txt","size":3},` +
		`{"type":12,"id":2,"items":[{"media":{"url":"https://a.example/b.png","id":"9","proxy_url":"https://a.example/b.png"},"description":null,"spoiler":false}]}]`
	if string(kept) != want || !shown["a.txt"] || p.Err() != nil {
		t.Errorf("%v %v\n got %s\nwant %s", p.Err(), shown, kept, want)
	}
	Attach(&p, json.RawMessage(`[{"type":13,"id":1,"file":{"url":"attachment://b"}}]`), nil, nil)
	if p.Err() == nil {
		t.Error("a file that was not uploaded is shown")
	}
}

func TestComponentsAreRead(t *testing.T) {
	t.Parallel()
	var p form.Problems
	kept := Check(&p, json.RawMessage(`[{"type":10,"content":"one"},{"type":17,"components":[{"type":9,
		"components":[{"type":10,"content":"two"}],"accessory":{"type":2,"style":1,"label":"x","custom_id":"deep"}}]}]`), v2)
	list, err := Parse(kept)
	if err != nil || p.Err() != nil {
		t.Fatal(err, p.Err())
	}
	if found := Find(list, "deep"); found == nil || found.Type != Button || Find(list, "") != nil {
		t.Errorf("found %+v", found)
	}
	if Text(kept) != "one\ntwo" || !Interactive(kept) || Interactive(json.RawMessage(`[{"type":10,"id":1,"content":"custom_id"}]`)) {
		t.Errorf("%q, interactive %t", Text(kept), Interactive(kept))
	}
}

// Whatever is sent is refused or kept in a form that is taken again.
func FuzzCheck(f *testing.F) {
	f.Add([]byte(row(button)), 0)
	f.Add([]byte(`[{"type":17,"components":[{"type":9,"components":[{"type":10,"content":"a"}],"accessory":{"type":11,"media":{"url":"http://a"}}}]}]`), v2)
	f.Add([]byte(`[{"type":18,"label":"a","component":{"type":22,"custom_id":"x","options":[{"label":"a","value":"b"}]}}]`), 0)
	f.Fuzz(func(t *testing.T, sent []byte, flags int) {
		if !json.Valid(sent) {
			return
		}
		var p form.Problems
		kept := Check(&p, sent, flags)
		if p.Err() == nil {
			if again := Check(&p, kept, flags); string(again) != string(kept) || p.Err() != nil {
				t.Errorf("%v\n%s\n%s", p.Err(), kept, again)
			}
		}
		CheckModal(&form.Problems{}, sent)
	})
}
