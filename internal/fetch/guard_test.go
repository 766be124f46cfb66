package fetch

import (
	"errors"
	"net/netip"
	"testing"
)

func TestAddressesThatAreNotPublicAreRefused(t *testing.T) {
	t.Parallel()
	g := newGuard(nil)
	for _, address := range []string{
		"127.0.0.1:80", "127.255.255.254:443", "[::1]:80", "0.0.0.0:80", "[::]:80",
		"10.0.0.1:80", "172.16.0.1:80", "172.31.255.255:80", "192.168.1.1:443",
		"169.254.169.254:80",                                        // metadata of most clouds
		"[fd00:ec2::254]:80",                                        // the same by IPv6
		"100.64.0.1:80", "100.100.100.200:80", "100.127.255.255:80", // CGNAT, and a metadata service in it
		"192.0.0.192:80", "192.0.2.1:80", "198.18.0.1:80", "198.51.100.1:80", "203.0.113.1:80",
		"224.0.0.1:80", "239.255.255.250:80", "255.255.255.255:80", "240.0.0.1:80",
		"[fe80::1]:80", "[fe80::1%eth0]:80", "[2606:4700::1%eth0]:80", "[fc00::1]:80", "[fdff::1]:443", "[ff02::1]:80",
		"[::ffff:127.0.0.1]:80", "[::ffff:10.0.0.1]:80", "[::ffff:a9fe:a9fe]:80", "[::127.0.0.1]:80",
		"[64:ff9b::7f00:1]:80", "[64:ff9b:1::a00:1]:80", "[2002:7f00:1::]:80", "[2001::1]:80", "[2001:db8::1]:80",
		"93.184.216.34:22", "93.184.216.34:8080", "[2606:4700::1111]:6379", "93.184.216.34:0",
	} {
		if err := g.address(netip.MustParseAddrPort(address)); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v, want it refused", address, err)
		}
	}
}

func TestPublicAndAllowedAddressesPass(t *testing.T) {
	t.Parallel()
	g := newGuard([]netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd12::/32")})
	for _, address := range []string{
		"93.184.216.34:80", "1.1.1.1:443", "[2606:4700::1111]:443", "[::ffff:93.184.216.34]:80",
		"10.1.2.3:8080", "[::ffff:10.1.2.3]:9", "[fd12::7]:80",
	} {
		if err := g.address(netip.MustParseAddrPort(address)); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{"10.2.0.1:80", "[fd13::7]:80", "127.0.0.1:80"} {
		if err := g.address(netip.MustParseAddrPort(address)); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v, want it refused", address, err)
		}
	}
}

func TestOnlyTCPIsDialled(t *testing.T) {
	t.Parallel()
	g := newGuard(nil)
	for _, network := range []string{"udp4", "unix", "tcp", ""} {
		if err := g.control(network, "93.184.216.34:80", nil); !errors.Is(err, ErrRefused) {
			t.Errorf("%q: %v, want it refused", network, err)
		}
	}
	if err := g.control("tcp4", "example.com:80", nil); !errors.Is(err, ErrRefused) {
		t.Errorf("a name instead of an address: %v, want it refused", err)
	}
}

// FuzzAddress holds the guard against the standard library's own classes.
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"127.0.0.1", "::1", "10.1.2.3", "::ffff:169.254.169.254", "fe80::1%2", "8.8.8.8", "fd00::1", "ff02::2"} {
		f.Add(netip.MustParseAddr(seed).AsSlice())
	}
	g := newGuard(nil)
	f.Fuzz(func(t *testing.T, raw []byte) {
		ip, ok := netip.AddrFromSlice(raw)
		if !ok {
			return
		}
		if g.address(netip.AddrPortFrom(ip, 80)) != nil {
			return
		}
		ip = ip.Unmap()
		if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() {
			t.Errorf("%s passes", ip)
		}
	})
}
