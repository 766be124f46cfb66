package clients

import (
	"context"
	"errors"

	"guildhall.chat/guildhall/hack/load/control"
)

// outbox is how many reports may wait; more hold up the clients.
const outbox = 1024

// Serve runs a fleet by the orders of standard input until it or ctx ends.
func Serve(ctx context.Context, reporter *control.Reporter) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	reports := make(chan control.Report, outbox)
	written := make(chan struct{})
	go func() {
		defer close(written)
		for r := range reports {
			reporter.Report(r)
		}
	}()
	var l *loop
	ended := make(chan error, 1)
	err := control.Serve(ctx, func(o control.Order) (err error) {
		switch {
		case o.Do != control.Connect && l == nil:
			return errors.New("there are no clients")
		case o.Do != control.Connect:
			l.order(o)
		case l != nil || o.Fleet == nil:
			return errors.New("one fleet a process")
		default:
			if l, err = newLoop(*o.Fleet, reports); err != nil {
				return err
			}
			go func() {
				ended <- l.run(ctx)
				cancel()
			}()
		}
		return nil
	})
	cancel()
	if l != nil {
		err = errors.Join(err, <-ended)
	}
	close(reports)
	<-written
	return err
}
