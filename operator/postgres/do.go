package postgres

import (
	"context"
	"fmt"
	"net/http"
)

// Do takes those steps that are Patroni's to take: Configure, Restart, Switchover. The others are done to Kubernetes'
// objects, by the caller.
func Do(ctx context.Context, patroni Patroni, p Picture, step Step) error {
	primary := p.Of(p.Primary)
	if primary == nil {
		return fmt.Errorf("there is no primary")
	}
	switch step.Action {
	case Configure:
		return patroni.order(ctx, http.MethodPatch, primary.Addr, "/config", step.Patch)
	case Switchover:
		return patroni.order(ctx, http.MethodPost, primary.Addr, "/switchover",
			map[string]string{"leader": p.Primary, "candidate": step.Instance})
	case Restart:
		instance := p.Of(step.Instance)
		if instance == nil {
			return fmt.Errorf("there is no instance %s", step.Instance)
		}
		return patroni.order(ctx, http.MethodPost, instance.Addr, "/restart", map[string]any{"restart_pending": true})
	}
	return fmt.Errorf("step %d is not Patroni's", step.Action)
}
