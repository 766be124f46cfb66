package report

import (
	"fmt"

	"guildhall.chat/guildhall/hack/capacity/plan"
)

// Phases is the table of what phases need.
func Phases(phases []plan.Phase, c plan.Costs, a plan.Assumptions) (string, error) {
	needs := make([]plan.Need, len(phases))
	header := []string{""}
	for i, p := range phases {
		n, err := plan.For(p, c, a)
		if err != nil {
			return "", err
		}
		needs[i] = n
		header = append(header, p.Name)
	}
	t := newTable(header...)
	given := func(what string, of func(plan.Phase) string) {
		cells := []string{what}
		for _, p := range phases {
			cells = append(cells, of(p))
		}
		t.row(cells...)
	}
	needed := func(what string, of func(plan.Need) string) {
		cells := []string{what}
		for _, n := range needs {
			cells = append(cells, of(n))
		}
		t.row(cells...)
	}
	given("sessions", func(p plan.Phase) string { return number(p.Sessions) })
	given("messages a second", func(p plan.Phase) string { return number(p.Messages) })
	given("guilds", func(p plan.Phase) string { return number(float64(p.Guilds)) })
	needed("sessions of the largest guild", func(n plan.Need) string { return number(n.LargestSessions) })
	needed("its part of all messages", func(n plan.Need) string { return percent(n.LargestShare) })
	needed("sessions that a message goes to", func(n plan.Need) string { return number(n.FanOut) })
	needed("deliveries a second", func(n plan.Need) string { return number(n.Deliveries) })
	needed("messages a second that a session gets", func(n plan.Need) string { return number(n.PerSession) })
	needed("pods that a message goes to", func(n plan.Need) string { return number(n.Follows) })
	cores := func(what, of string) {
		needed("cores of the "+what, func(n plan.Need) string { return number(n.Cores[of]) })
	}
	cores("gateways, one write a delivery", "gateway")
	needed("the same, where what waits leaves in one write", func(n plan.Need) string { return number(n.Batched) })
	cores("routers, one write a delivery", "router")
	cores("api", "api")
	cores("worker", "worker")
	cores("Postgres primary", "postgres")
	cores("Redis masters", "redis")
	needed("gateway pods", func(n plan.Need) string { return grouped(int64(n.GatewayPods)) })
	needed("memory of each", func(n plan.Need) string { return size(n.GatewayMemory) })
	needed("router pods", func(n plan.Need) string { return grouped(int64(n.RouterPods)) })
	needed("memory of each", func(n plan.Need) string { return size(n.RouterMemory) })
	needed("api pods", func(n plan.Need) string { return grouped(int64(n.APIPods)) })
	needed("Redis masters", func(n plan.Need) string { return grouped(int64(n.RedisMasters)) })
	needed("connections to Postgres, at most", func(n plan.Need) string { return grouped(int64(n.Connections)) })
	needed("to clients a second, JSON", func(n plan.Need) string { return size(n.WireJSON) })
	needed("to clients a second, zlib-stream", func(n plan.Need) string { return size(n.WireZlib) })
	needed("out of Redis a second", func(n plan.Need) string { return size(n.RedisBytes) })
	needed("write-ahead log a second", func(n plan.Need) string { return size(n.WAL) })
	needed("messages stored a day", func(n plan.Need) string { return size(n.StoredDay) })
	needed("core-seconds of the gateways, if all sessions identify anew", func(n plan.Need) string { return number(n.Return["gateway"]) })
	needed("of the primary, likewise", func(n plan.Need) string { return number(n.Return["postgres"]) })
	needed("**used up first**", limit(0))
	needed("then", limit(1))
	return t.String(), nil
}

func limit(i int) func(plan.Need) string {
	return func(n plan.Need) string {
		return fmt.Sprintf("%s: %s", n.Limits[i].What, percent(n.Limits[i].Part()))
	}
}
