package redis

import (
	"reflect"
	"testing"
)

const listing = `07c37dfeb235213a872192d90877d0cd55635b91 10.0.0.4:6379@16379,host-4 slave,fail e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca 0 1426238317239 4 connected
67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1 [::1]:6379@16379,,tls-port=0,shard-id=69bc master - 0 1426238316232 2 disconnected 5461-10922
e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca 10.0.0.1:6379@16379 myself,master - 0 0 1 connected 0-5459 5461 [93->-67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1] [77-<-67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1]
6ec23923021cf3ffec47632106199cb7f496ce01 :0@0 master,handshake,noaddr - 0 0 0 disconnected
`

func TestParseNodes(t *testing.T) {
	t.Parallel()
	nodes, err := parseNodes(listing)
	if err != nil {
		t.Fatal(err)
	}
	replica, master, self, unknown := nodes[0], nodes[1], nodes[2], nodes[3]
	if !replica.Replica || !replica.Failing || replica.Master != self.ID || replica.IP.String() != "10.0.0.4" || !replica.Connected {
		t.Errorf("%+v", replica)
	}
	if master.IP.String() != "::1" || master.Connected || master.Epoch != 2 || master.Slots.Len() != 5462 {
		t.Errorf("%+v", master)
	}
	if !self.Myself || !reflect.DeepEqual(self.Slots, Slots{{0, 5459}, {5461, 5461}}) || self.Migrating[93] != master.ID || self.Importing[77] != master.ID {
		t.Errorf("%+v", self)
	}
	if !unknown.Handshake || unknown.IP.IsValid() {
		t.Errorf("%+v", unknown)
	}
}

func TestParseNodesRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing":           "",
		"an error":          "ERR This instance has cluster support disabled",
		"nobody itself":     "a 10.0.0.1:6379@16379 master - 0 0 1 connected",
		"two of itself":     "a :0@0 myself,master - 0 0 1 connected\nb :0@0 myself,master - 0 0 1 connected",
		"no epoch":          "a :0@0 myself,master - 0 0 x connected",
		"a slot too high":   "a :0@0 myself,master - 0 0 1 connected 16384",
		"slots that repeat": "a :0@0 myself,master - 0 0 1 connected 5 0-9",
		"an open nothing":   "a :0@0 myself,master - 0 0 1 connected [x]",
	} {
		if _, err := parseNodes(text); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzParseNodes(f *testing.F) {
	f.Add(listing)
	f.Fuzz(func(t *testing.T, text string) {
		nodes, err := parseNodes(text)
		if err != nil {
			return
		}
		for _, node := range nodes {
			if n := node.Slots.Len(); n > SlotCount {
				t.Errorf("%d slots", n)
			}
		}
	})
}

func TestSlots(t *testing.T) {
	t.Parallel()
	slots := slotsWhere(func(slot int) bool { return slot < 10 || slot == 12 || slot > 16380 })
	if text := slots.String(); text != "0-9, 12, 16381-16383" || slots.Len() != 14 || len(slots.list()) != 14 {
		t.Errorf("%s: %d", text, slots.Len())
	}
	for n := -1; n < 16; n++ {
		first, rest := slots.cut(n)
		if have := min(max(n, 0), 14); first.Len() != have || rest.Len() != 14-have {
			t.Errorf("cut(%d): %s and %s", n, first, rest)
		}
	}
}
