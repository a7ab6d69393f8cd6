package dial

import (
	"fmt"
	"net/netip"
	"syscall"
)

// guarded is an address that is not dialled.
type guarded string

func (g guarded) Error() string { return string(g) }

// guard refuses addresses that mean something else to the API server than here, for a
// question that goes to a URL. It sees the address that is about to be connected to,
// after names are resolved.
func (p *prober) guard(network, address string, c syscall.RawConn) error {
	at, err := parseAddress(address)
	if err != nil {
		return err
	}
	if err := neverMetadata(network, address, c); err != nil {
		return err
	}
	for _, ip := range meanings(at) {
		switch {
		case ip.IsLoopback() && !p.Beside:
			return guarded(fmt.Sprintf("it leads to %s, which is the API server's own host there and this one here", at))
		case (ip.IsPrivate() || sharedSpace.Contains(ip)) && !p.Inside && !p.Beside:
			return guarded(fmt.Sprintf("it leads to the private address %s, which may be another host here: ask from inside the cluster", at))
		}
	}
	return nil
}

// neverMetadata refuses addresses of servers that give credentials to whoever asks from
// the right machine. No question goes there, from wherever it is asked.
func neverMetadata(_, address string, _ syscall.RawConn) error {
	at, err := parseAddress(address)
	if err != nil {
		return err
	}
	for _, ip := range meanings(at) {
		if ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() || metadata[ip] {
			return guarded(fmt.Sprintf("it leads to %s, where metadata servers and the like are", at))
		}
	}
	return nil
}

func parseAddress(address string) (netip.Addr, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return netip.Addr{}, guarded(fmt.Sprintf("%s is no address", address))
	}
	return at.Addr().WithZone("").Unmap(), nil
}

// metadata are the metadata servers that are not at a link-local address: Compute
// Engine's over IPv6 (cloud.google.com/compute/docs/metadata/querying-metadata) and
// those of other clouds.
var metadata = map[netip.Addr]bool{
	netip.MustParseAddr("fd20:ce::254"):       true,
	netip.MustParseAddr("fd00:ec2::254"):      true, // Amazon EC2
	netip.MustParseAddr("fd00:c1::a9fe:a9fe"): true, // Oracle Cloud
	netip.MustParseAddr("100.100.100.200"):    true, // Alibaba Cloud
	netip.MustParseAddr("168.63.129.16"):      true, // Azure
	netip.MustParseAddr("192.0.0.192"):        true, // Oracle Cloud, classic
}

// metadataServer is that of most clouds, Google's among them.
var metadataServer = netip.MustParseAddr("169.254.169.254")

// embeddings are the IPv6 prefixes after which an IPv4 address stands, and where: what
// is dialled there arrives at that.
var embeddings = []struct {
	prefix netip.Prefix
	at     []int
	// inverted says that its bits are.
	inverted bool
}{
	{netip.MustParsePrefix("64:ff9b::/96"), []int{12, 13, 14, 15}, false},    // NAT64 (RFC 6052)
	{netip.MustParsePrefix("64:ff9b:1::/48"), []int{12, 13, 14, 15}, false},  // NAT64 of a network's own (RFC 8215), by /96
	{netip.MustParsePrefix("64:ff9b:1::/48"), []int{6, 7, 9, 10}, false},     // by /48
	{netip.MustParsePrefix("64:ff9b:1::/48"), []int{7, 9, 10, 11}, false},    // by /56
	{netip.MustParsePrefix("64:ff9b:1::/48"), []int{9, 10, 11, 12}, false},   // by /64
	{netip.MustParsePrefix("::/96"), []int{12, 13, 14, 15}, false},           // IPv4-compatible (RFC 4291)
	{netip.MustParsePrefix("::ffff:0:0:0/96"), []int{12, 13, 14, 15}, false}, // IPv4-translated (RFC 2765)
	{netip.MustParsePrefix("2002::/16"), []int{2, 3, 4, 5}, false},           // 6to4 (RFC 3056)
	{netip.MustParsePrefix("2001::/32"), []int{12, 13, 14, 15}, true},        // Teredo (RFC 4380)
}

// meanings are the address itself and the IPv4 addresses that it may stand for.
func meanings(ip netip.Addr) []netip.Addr {
	all := []netip.Addr{ip}
	if ip.Is4() {
		return all
	}
	b := ip.As16()
	for _, e := range embeddings {
		if !e.prefix.Contains(ip) {
			continue
		}
		var v4 [4]byte
		for i, n := range e.at {
			v4[i] = b[n]
			if e.inverted {
				v4[i] = ^b[n]
			}
		}
		all = append(all, netip.AddrFrom4(v4))
	}
	// The prefix of a NAT64 may be any, and what gives credentials has one address.
	if last := netip.AddrFrom4([4]byte(b[12:16])); last == metadataServer {
		all = append(all, last)
	}
	// ISATAP (RFC 5214): any prefix, and 0:5efe or 200:5efe before the address.
	if (b[8] == 0 || b[8] == 2) && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe {
		all = append(all, netip.AddrFrom4([4]byte(b[12:16])))
	}
	return all
}

// sharedSpace is used like private addresses, also for pods (RFC 6598).
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")
