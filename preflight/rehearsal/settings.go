package rehearsal

import (
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// authentication is the ConfigMap that each API server writes its CAs and headers to.
const authentication = "extension-apiserver-authentication"

// Settings are the flags of the cluster's API servers that a recording shows, and that
// decide what one writes at its start.
type Settings struct {
	// ServiceCIDR is a range, or two; Derived says that it was taken from the Services'
	// addresses.
	ServiceCIDR string
	Derived     bool
	// Advertise is the running API server's address in default/kubernetes; empty if
	// that is not known.
	Advertise string
	// ClientCAs and FrontProxyCAs are PEM; empty where the recording has none.
	ClientCAs, FrontProxyCAs []byte
	// Headers are the flags of the front proxy, such as
	// --requestheader-username-headers=X-Remote-User.
	Headers []string
}

// SettingsOf reads the settings off the snapshot.
func SettingsOf(s *facts.Snapshot) Settings {
	var r Settings
	r.ServiceCIDR, r.Derived = serviceCIDR(s)
	if k, ok := facts.KubernetesService.Get(s); ok && len(k.Addresses) > 0 {
		r.Advertise = k.Addresses[0]
	}
	all, _ := facts.SystemConfigMaps.Get(s)
	for _, m := range all {
		if m.Name != authentication {
			continue
		}
		r.ClientCAs, r.FrontProxyCAs = []byte(m.Data["client-ca-file"]), []byte(m.Data["requestheader-client-ca-file"])
		for _, f := range []string{"allowed-names", "extra-headers-prefix", "group-headers", "uid-headers", "username-headers"} {
			var values []string
			if v, ok := m.Data["requestheader-"+f]; ok && json.Unmarshal([]byte(v), &values) == nil && len(values) > 0 {
				r.Headers = append(r.Headers, "--requestheader-"+f+"="+strings.Join(values, ","))
			}
		}
	}
	return r
}

func serviceCIDR(s *facts.Snapshot) (cidr string, derived bool) {
	all, _ := facts.ServiceCIDRs.Get(s)
	for _, c := range all {
		if c.Name == "kubernetes" && len(c.Spec.CIDRs) > 0 {
			return strings.Join(c.Spec.CIDRs, ","), false
		}
	}
	var first [2]netip.Addr // of default/kubernetes, by family
	var addresses [2][]netip.Addr
	services, _ := facts.Services.Get(s)
	for _, v := range services {
		for _, text := range v.ClusterIPs {
			a, err := netip.ParseAddr(text)
			if err != nil {
				continue
			}
			family := 0
			if a.Is6() {
				family = 1
			}
			addresses[family] = append(addresses[family], a)
			if v.Namespace == "default" && v.Name == "kubernetes" {
				first[family] = a
			}
		}
	}
	var ranges []string
	for family, longest := range []int{20, 112} {
		if p, ok := around(first[family], addresses[family], longest); ok {
			ranges = append(ranges, p.String())
		}
	}
	if len(ranges) == 2 && !first[0].IsValid() {
		ranges[0], ranges[1] = ranges[1], ranges[0]
	}
	if ranges == nil {
		return "10.96.0.0/16", true
	}
	return strings.Join(ranges, ","), true
}

// around is the smallest range that begins right before first, which is the first
// address that an API server takes for itself, and holds all; longest is its longest
// prefix. Without first it begins where it has to.
func around(first netip.Addr, all []netip.Addr, longest int) (netip.Prefix, bool) {
	if len(all) == 0 {
		return netip.Prefix{}, false
	}
	begin := all[0]
	if first.IsValid() {
		begin = first.Prev()
	}
	for bits := longest; bits >= longest-8; bits-- {
		p := netip.PrefixFrom(begin, bits).Masked()
		holds := !first.IsValid() || p.Addr() == begin
		for _, a := range all {
			holds = holds && p.Contains(a)
		}
		if holds {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
