package dial

import (
	"net"
	"strings"
	"testing"
)

// Servers that give out credentials are not dialled, however their address is spelled
// and from wherever it is asked; others are.
func TestGuard(t *testing.T) {
	for address, never := range map[string]bool{
		"169.254.169.254": true, "::ffff:169.254.169.254": true, "64:ff9b::169.254.169.254": true, "64:ff9b::a9fe:a9fe": true,
		"64:ff9b:1::a9fe:a9fe": true, "64:ff9b:1:a9fe:a9:fe00::": true, "2001:db8:64::a9fe:a9fe": true, "::169.254.169.254": true, "::ffff:0:169.254.169.254": true,
		"2002:a9fe:a9fe::1": true, "2001:0:1:2:3:4:5601:5601": true, "2001:db8::5efe:a9fe:a9fe": true, "fd20:ce::254": true, "fd20:00ce:0:0::0254": true,
		"fd00:ec2::254": true, "fe80::1%eth0": true, "fe80::a9fe:a9fe": true, "100.100.100.200": true, "64:ff9b::100.100.100.200": true, "168.63.129.16": true, "0.0.0.0": true, "::": true, "ff02::1": true,
		"203.0.113.7": false, "2606:4700::1111": false, "64:ff9b::203.0.113.7": false, "2002:cb00:7107::1": false,
		"10.8.0.7": false, "fd20:ce::7": false, "100.64.0.7": false,
	} {
		inside := &prober{Clients: Clients{Inside: true}}
		for name, control := range map[string]func() error{
			"a URL": func() error { return inside.guard("tcp", net.JoinHostPort(address, "443"), nil) },
			"a Pod": func() error { return neverMetadata("tcp", net.JoinHostPort(address, "443"), nil) },
		} {
			if err := control(); (err != nil) != never || never && !strings.Contains(err.Error(), "metadata") {
				t.Errorf("%s as %s: %v", address, name, err)
			}
		}
	}
	outside := &prober{}
	for _, address := range []string{"127.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1", "10.8.0.7", "64:ff9b::10.8.0.7", "fd20:ce::7", "100.64.0.7"} {
		if outside.guard("tcp", net.JoinHostPort(address, "443"), nil) == nil {
			t.Errorf("%s is dialled from outside", address)
		}
	}
}
