package postgres

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// Connect connects to the primary as superuser.
func Connect(ctx context.Context, addr, password string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig("postgres://" + net.JoinHostPort(addr, strconv.Itoa(Port)) + "/postgres?sslmode=disable")
	if err != nil {
		return nil, fmt.Errorf("connect to the primary: %w", err)
	}
	config.User, config.Password = Superuser, password
	config.ConnectTimeout = askTimeout
	config.RuntimeParams["application_name"] = "guildhall-operator"
	config.RuntimeParams["statement_timeout"] = strconv.FormatInt(askTimeout.Milliseconds(), 10)
	// What is done here is looked at again after a failover; it need not wait for standbys.
	config.RuntimeParams["synchronous_commit"] = "local"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to the primary: %w", err)
	}
	return conn, nil
}
