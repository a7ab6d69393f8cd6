package dial

import (
	"fmt"
	"net/netip"
	"syscall"
)

// guarded is an address that is not dialled.
type guarded string

func (g guarded) Error() string { return string(g) }

// guard refuses addresses that mean something else to the API server than here.
// It sees the address that is about to be connected to, after names are resolved.
func (p *prober) guard(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return guarded(fmt.Sprintf("%s is no address", address))
	}
	ip := at.Addr().Unmap()
	switch {
	case ip.IsLoopback() && !p.Beside:
		return guarded(fmt.Sprintf("it leads to %s, which is the API server's own host there and this one here", ip))
	case ip.IsLinkLocalUnicast(), ip.IsMulticast(), ip.IsUnspecified():
		return guarded(fmt.Sprintf("it leads to %s, where metadata servers and the like are", ip))
	case (ip.IsPrivate() || sharedSpace.Contains(ip)) && !p.Inside && !p.Beside:
		return guarded(fmt.Sprintf("it leads to the private address %s, which may be another host here: ask from inside the cluster", ip))
	}
	return nil
}

// sharedSpace is used like private addresses, also for pods (RFC 6598).
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")
