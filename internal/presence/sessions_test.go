package presence

import (
	"encoding/json"
	"fmt"
	"testing"
)

func TestListOfSessions(t *testing.T) {
	t.Parallel()
	list := func(sessions ...Session) (shown []shownSession) {
		t.Helper()
		data, err := List(sessions)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &shown); err != nil {
			t.Fatalf("%v in %s", err, data)
		}
		return shown
	}
	if none := list(); none == nil || len(none) != 0 {
		t.Errorf("of nobody: %v", none)
	}
	if one := list(session("a", 1, Desktop, DND, "chess")); len(one) != 1 || one[0].ID != "a" || one[0].Client.Client != "desktop" ||
		one[0].Status != DND || len(one[0].Activities) != 1 || !one[0].Active {
		t.Errorf("of one: %+v", one)
	}
	two := list(session("a", 1, Web, Invisible, "go"), session("b", 2, Mobile, Idle))
	if len(two) != 3 || two[0].ID != "all" || two[0].Status != Idle || len(two[1].Activities) != 0 || len(two[1].Hidden) != 1 || two[1].Active {
		t.Errorf("of two: %+v", two)
	}
	var many []Session
	for i := range 30 {
		many = append(many, session(fmt.Sprint(i), 1, Web, Online))
	}
	if got := list(many...); len(got) != maxShown+1 {
		t.Errorf("of many: %d", len(got))
	}
}
