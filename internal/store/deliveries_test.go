package store_test

import (
	"slices"
	"testing"
	"time"

	"guildhall.chat/guildhall/internal/snowflake"
)

// An application with many events does not keep others from theirs.
func TestDeliveriesAreTakenInTheirOrder(t *testing.T) {
	t.Parallel()
	p := newPostOffice(t, 0)
	for _, app := range []snowflake.ID{1, 2} {
		p.exec(t, `insert into applications (id, owner_id, name, sign_key) values ($1, $2, 'a', '')`, app, p.author.ID)
	}
	for id, app := range []snowflake.ID{1, 1, 2, 1} {
		p.exec(t, `insert into deliveries (id, application_id, body, due) values ($1, $2, '', now() - make_interval(mins => $3))`,
			id+1, app, 10-id)
	}
	var order []snowflake.ID
	for range 5 {
		taken, err := p.TakeDeliveries(t.Context(), time.Now().Add(time.Hour), 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range taken {
			order = append(order, d.ID)
		}
	}
	if !slices.Equal(order, []snowflake.ID{1, 2, 3, 4}) {
		t.Errorf("taken in the order %v", order)
	}
}
