package quiet_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/quiet"
)

func TestEverythingIsAnswered(t *testing.T) {
	t.Parallel()
	served := []call.Route{{Method: http.MethodGet, Path: "/soundboard-default-sounds"}}
	routes := quiet.Beside(served)
	if len(routes)+1 != len(quiet.Beside(nil)) {
		t.Error("what is served for real is answered, too")
	}
	w := apitest.New(t, func(*apitest.World) []call.Route { return routes })
	user := w.User(t)
	for _, route := range routes {
		answer := user.Do(t, route.Method, route.Path, nil)
		switch answer.Status {
		case http.StatusNoContent:
		case http.StatusOK:
			if !json.Valid(answer.Body) {
				t.Errorf("%s %s: %s", route.Method, route.Path, answer.Body)
			}
		default:
			t.Errorf("%s %s: %d", route.Method, route.Path, answer.Status)
		}
	}
}
