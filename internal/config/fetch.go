package config

import "net/netip"

// Fetch holds the flags of a program that requests URLs which users chose. Embed it.
type Fetch struct {
	FetchAllow []netip.Prefix `help:"Networks beyond the public internet that may be reached at URLs which users chose, CIDR, comma-separated." placeholder:"CIDRS"`
}
