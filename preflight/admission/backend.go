package admission

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
)

// A Backend is a webhook's clientConfig.
type Backend struct {
	// URL is empty for a Service backend, and the rest is for a URL.
	URL             string
	Namespace, Name string
	Port            int32
	// Path begins with a slash; it is "/" where none is given.
	Path string
	// CABundle is PEM, as in the object; empty means the system's roots.
	CABundle []byte
}

// BackendOf returns the backend that c names, with the defaults of its fields.
func BackendOf(c admissionregistrationv1.WebhookClientConfig) Backend {
	b := Backend{CABundle: c.CABundle}
	if c.URL != nil {
		b.URL = *c.URL
	}
	if s := c.Service; s != nil {
		b.Namespace, b.Name, b.Port, b.Path = s.Namespace, s.Name, 443, "/"
		if s.Port != nil {
			b.Port = *s.Port
		}
		if s.Path != nil && *s.Path != "" {
			b.Path = "/" + strings.TrimPrefix(*s.Path, "/")
		}
	}
	return b
}

// ServerName is the name that the API server wants in the backend's certificate: that
// of the Service, or the URL's host; empty for a URL that can't be read.
func (b Backend) ServerName() string {
	if b.URL == "" {
		return b.Name + "." + b.Namespace + ".svc"
	}
	u, err := url.Parse(b.URL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// HostPort is where a URL leads, as a dialler takes it; empty for a Service, and for a
// URL that can't be read.
func (b Backend) HostPort() string {
	u, err := url.Parse(b.URL)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	if u.Port() == "" {
		return strings.TrimSuffix(u.Host, ":") + ":443"
	}
	return u.Host
}

// gkeWebhooks is the end of the names of the webhooks that GKE runs beside each
// API server, such as warden-validating.common-webhooks.networking.gke.io.
const gkeWebhooks = ".common-webhooks.networking.gke.io"

// ProviderManaged reports whether GKE itself runs the webhook, in a process
// beside each API server: its name ends in .common-webhooks.networking.gke.io
// and it is called on the API server's own loopback, where on GKE nobody else
// can listen. Such a webhook can't be asked from elsewhere. The name alone would
// not do: anybody may give it to a webhook of his own.
func (i Interception) ProviderManaged() bool {
	return strings.HasSuffix(i.Webhook, gkeWebhooks) && i.Backend.Loopback()
}

// loopbackNames are names that resolve to the loopback on common systems
// (RFC 6761; the hosts files of Debian and Fedora).
var loopbackNames = map[string]bool{
	"localhost": true, "localhost4": true, "localhost6": true, "localhost.localdomain": true,
	"localhost4.localdomain4": true, "localhost6.localdomain6": true,
	"ip6-localhost": true, "ip6-loopback": true,
}

// Loopback reports whether the URL leads to the machine of whoever calls it,
// which is the API server's: elsewhere the same URL is another program, and must
// not be dialled. A URL whose host can't be made out counts as loopback. False
// for a Service.
func (b Backend) Loopback() bool {
	if b.URL == "" {
		return false
	}
	u, err := url.Parse(b.URL)
	if err != nil || u.Hostname() == "" {
		return true
	}
	host := strings.ToLower(strings.TrimRight(u.Hostname(), "."))
	if host == "" || loopbackNames[host] || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, ok := address(host)
	return ok && (ip.IsLoopback() || ip.IsUnspecified())
}

// address reads host as an IP address as resolvers do, also where it is spelled
// like 127.1, 0x7f.0.0.1 or 2130706433. IPv4 within IPv6 is returned as IPv4.
func address(host string) (netip.Addr, bool) {
	if ip, err := netip.ParseAddr(host); err == nil {
		ip = ip.WithZone("").Unmap()
		if b := ip.As16(); ip.Is6() && [12]byte(b[:12]) == [12]byte{} && !ip.IsLoopback() {
			return netip.AddrFrom4([4]byte(b[12:])), true
		}
		return ip, true
	}
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var sum uint64
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 0, 32)
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (5 - len(parts))
		}
		if err != nil || strings.Contains(p, "_") || n >= 1<<bits {
			return netip.Addr{}, false
		}
		sum = sum<<bits | n
	}
	return netip.AddrFrom4([4]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}), true
}
