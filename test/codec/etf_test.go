package codec_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
)

// values returns JSON of all kinds that fit a client's message, too.
func values(r *rand.Rand) []json.RawMessage {
	list := []json.RawMessage{
		[]byte(`null`), []byte(`true`), []byte(`[]`), []byte(`{}`), []byte(`""`), []byte(`[[],{},""]`), []byte(`[0,255]`), []byte(`[1,256]`),
		[]byte(`{"token":"a.b.c","intents":53608447,"shard":[0,1],"compress":false,"presence":{"since":null,"afk":false,"activities":[]}}`),
		[]byte(`{"guild_id":"1318274650912374784","query":"","limit":0,"nonce":"é\ud83d\ude00\u0000\u2028\"\\"}`),
		[]byte(`[0,1,-1,255,256,65535,-32768,2147483647,-2147483648]`),
		[]byte(`[0.5,-0.1,1e-7,3.141592653589793,1.7976931348623157e308,5e-324]`),
	}
	for range 300 {
		data, err := json.Marshal(random(r, 5))
		if err != nil {
			panic(err)
		}
		if len(data) < codec.MaxInbound/4 {
			list = append(list, data)
		}
	}
	return list
}

// random returns a value that nests at most as deep. Its integers are those that JavaScript has for certain.
func random(r *rand.Rand, depth int) any {
	if depth == 0 {
		return r.IntN(2) == 0
	}
	switch r.IntN(8) {
	case 0:
		return nil
	case 1:
		return r.Int64N(1<<32) - 1<<31
	case 2:
		return math.Ldexp(r.Float64()-0.5, r.IntN(60)-30)
	case 3, 4:
		return strings.Repeat(string(rune(r.IntN(0xd800))), r.IntN(40))
	case 5:
		list := make([]any, r.IntN(6))
		for i := range list {
			list[i] = random(r, depth-1)
		}
		return list
	default:
		dictionary := map[string]any{}
		for range r.IntN(8) {
			dictionary[fmt.Sprintf("key_%x", r.IntN(1000))] = random(r, depth-1)
		}
		return dictionary
	}
}

// asETF returns the payloads that carry the values, and the JSON of the payloads.
func asETF(t *testing.T, data []json.RawMessage) (messages [][]byte, plain []string) {
	t.Helper()
	e := codec.NewEncoder(codec.Params{Encoding: codec.ETF}, false)
	for i, d := range data {
		if i%2 == 0 {
			message, _ := e.AppendDispatch(nil, int64(i), codec.NewDispatch("X", d))
			messages = append(messages, message)
			plain = append(plain, fmt.Sprintf(`{"op":0,"s":%d,"t":"X","d":%s}`, i, d))
			continue
		}
		message, _, err := e.Append(nil, discord.OpInvalidSession, d)
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, message)
		plain = append(plain, fmt.Sprintf(`{"op":9,"s":null,"t":null,"d":%s}`, d))
	}
	return messages, plain
}

// requireSame compares two JSON texts by their values.
func requireSame(t *testing.T, got, want string) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal([]byte(got), &a); err != nil {
		t.Fatalf("%v in %.300s", err, got)
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a, b) {
		t.Fatalf("got %.500s, want %.500s", got, want)
	}
}

// requireTerm checks that the gateway reads the term as the payload.
func requireTerm(t *testing.T, term, payload string) {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(term)
	if err != nil {
		t.Fatal(err)
	}
	op, d, err := codec.ETF.DecodeFrame(data)
	if err != nil {
		t.Fatalf("%.200q: %v", data, err)
	}
	var want struct {
		Op discord.Opcode
		D  json.RawMessage
	}
	if err := json.Unmarshal([]byte(payload), &want); err != nil || op != want.Op {
		t.Fatalf("op is %d in %.200s (%v)", op, payload, err)
	}
	requireSame(t, string(d), string(want.D))
}

func TestErlpack(t *testing.T) {
	messages, plain := asETF(t, values(rand.New(rand.NewPCG(41, 42))))
	for i, answer := range erlpack.answers(t, messages) {
		var value struct{ JSON, Term string }
		if err := json.Unmarshal([]byte(answer), &value); err != nil {
			t.Fatal(err)
		}
		requireSame(t, value.JSON, plain[i])
		requireTerm(t, value.Term, plain[i])
	}
}

// erlpack gives integers that 32 bits and a sign can't hold as strings, so that snowflakes lose no digit.
func TestErlpackKeepsBigIntegers(t *testing.T) {
	messages, _ := asETF(t, []json.RawMessage{[]byte(`[2147483648,-2147483649,1318274650912374784]`)})
	for _, answer := range erlpack.answers(t, messages) {
		var value struct{ JSON string }
		if err := json.Unmarshal([]byte(answer), &value); err != nil {
			t.Fatal(err)
		}
		requireSame(t, value.JSON, `{"op":0,"s":0,"t":"X","d":[2147483648,"-2147483649","1318274650912374784"]}`)
	}
}

func TestErlang(t *testing.T) {
	data := append(values(rand.New(rand.NewPCG(43, 44))),
		[]byte(`[2147483648,-2147483649,4294967296,1318274650912374784,18446744073709551615,-9223372036854775808]`))
	messages, plain := asETF(t, data)
	for i, term := range erlang.answers(t, messages) {
		requireTerm(t, term, plain[i])
	}
}
