package fetch

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"syscall"

	"code.dny.dev/ssrf"
)

// ErrRefused is returned for a URL, redirect or address that may not be requested.
var ErrRefused = errors.New("may not be requested")

// guard judges where a request may go.
type guard struct {
	allowed []netip.Prefix
	public  *ssrf.Guardian // knows IANA's registries of special-purpose addresses
}

func newGuard(allowed []netip.Prefix) *guard {
	return &guard{allowed: allowed, public: ssrf.New(ssrf.WithPorts(80, 443))}
}

// control is called by the dialer with the address that the next connection would go to.
func (g *guard) control(network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("%w: network %s", ErrRefused, network)
	}
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return g.address(to)
}

// address refuses what is neither allowed nor public. An IPv4 address in IPv6 form is the IPv4 address.
func (g *guard) address(to netip.AddrPort) error {
	plain := to.Addr().Unmap()
	for _, network := range g.allowed {
		if network.Contains(plain) {
			return nil
		}
	}
	if plain.Zone() != "" { // a prefix never contains an address with a zone, so the registries would not see it
		return fmt.Errorf("%w: %s is local", ErrRefused, plain)
	}
	if err := g.public.SafeAddrPort(netip.AddrPortFrom(plain, to.Port())); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return nil
}

// checkURL refuses what is no plain web address.
func checkURL(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%w: scheme %q", ErrRefused, u.Scheme)
	case u.Hostname() == "":
		return fmt.Errorf("%w: no host", ErrRefused)
	case u.User != nil:
		return fmt.Errorf("%w: credentials in the URL", ErrRefused)
	}
	return nil
}
