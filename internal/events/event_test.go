package events_test

import (
	"bytes"
	"testing"

	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

func TestBodyRoundTrip(t *testing.T) {
	t.Parallel()
	want, err := events.New(7, events.Header{
		Type: "MESSAGE_CREATE", Guild: 7, Channel: 8, Needs: 1 << 13, User: 9, Mentions: []snowflake.ID{10, 11},
		Structure: true, Membership: true, At: 12,
	}, map[string]string{"content": "line\nbreak"})
	if err != nil {
		t.Fatal(err)
	}
	body, err := want.Body()
	if err != nil {
		t.Fatal(err)
	}
	got, err := events.Decode(7, 3, body)
	if err != nil {
		t.Fatal(err)
	}
	again, err := got.Body()
	if err != nil {
		t.Fatal(err)
	}
	if got.Seq != 3 || got.Log != 7 || !bytes.Equal(body, again) || got.Head.Mentions[1] != 11 || !got.Head.Structure {
		t.Errorf("%+v", got)
	}
}

func TestDecodeRefusesWhatIsNoEvent(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "{}", "x\n{}", `{"t":5}` + "\n{}", `{"g":"-1"}` + "\n"} {
		if _, err := events.Decode(1, 1, []byte(body)); err == nil {
			t.Errorf("%q was accepted", body)
		}
	}
}

// FuzzDecode: any bytes give an event or an error, and an accepted event's body decodes to the same.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"t":"READY","g":"1","c":"2","n":"8","u":"3","m":["4"],"ps":true,"at":5}` + "\n" + `{"a":1}`))
	f.Add([]byte("\n"))
	f.Add([]byte(`{"t":"X"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := events.Decode(1, 1, body)
		if err != nil {
			return
		}
		encoded, err := e.Body()
		if err != nil {
			t.Fatalf("accepted but not encodable: %v", err)
		}
		again, err := events.Decode(1, 1, encoded)
		if err != nil || !bytes.Equal(again.Data, e.Data) || again.Head.Type != e.Head.Type || again.Head.Guild != e.Head.Guild {
			t.Fatalf("%+v became %+v, %v", e, again, err)
		}
	})
}
