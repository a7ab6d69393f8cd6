package probe

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// backends knows where the calls to Services go.
type backends struct {
	services  map[string]facts.Service
	endpoints map[string][]facts.Endpoint
	// The absences are zero where the facts are present.
	servicesAbsent, endpointsAbsent facts.Absence
}

func backendsOf(s *facts.Snapshot) backends {
	b := backends{services: map[string]facts.Service{}, endpoints: map[string][]facts.Endpoint{}}
	b.servicesAbsent, _ = s.Absence(facts.Services)
	b.endpointsAbsent, _ = s.Absence(facts.Endpoints)
	services, _ := facts.Services.Get(s)
	for _, v := range services {
		b.services[v.Namespace+"/"+v.Name] = v
	}
	endpoints, _ := facts.Endpoints.Get(s)
	for _, e := range endpoints {
		key := e.Namespace + "/" + e.Service
		b.endpoints[key] = append(b.endpoints[key], e.Endpoints...)
	}
	return b
}

// resolve sets where r goes, or why it can't go anywhere.
func (b backends) resolve(r *Request) {
	i := r.Interception
	switch {
	case i.ProviderManaged():
		r.Vantage = facts.DirectURL
		r.Skip = "GKE runs it beside each API server, where nobody else can ask it"
	case i.Backend.URL != "":
		r.Vantage = facts.DirectURL
		resolveURL(r)
	case i.Backend.Namespace == "default" && i.Backend.Name == "kubernetes" && i.Backend.Port == 443:
		r.Skip = "it is behind the API server itself, which calls it with credentials of its own"
	default:
		r.ServerName = i.Backend.Name + "." + i.Backend.Namespace + ".svc"
		b.resolveService(r)
	}
}

func resolveURL(r *Request) {
	if r.Interception.Backend.Loopback() {
		r.Skip = "its URL is on the API server's own host, and would be another program's here"
		return
	}
	u, err := url.Parse(r.Interception.Backend.URL)
	if err != nil || u.Scheme != "https" {
		r.Skip = "its URL is not one of https"
		return
	}
	r.ServerName = u.Hostname()
}

// resolveService looks for ready endpoints the way the API server does
// (k8s.io/apiserver pkg/util/proxy/proxy.go, ResolveEndpoint).
func (b backends) resolveService(r *Request) {
	backend := r.Interception.Backend
	key := backend.Namespace + "/" + backend.Name
	if b.servicesAbsent != (facts.Absence{}) {
		b.unresolved(r, facts.Services, b.servicesAbsent)
		return
	}
	service, ok := b.services[key]
	if !ok {
		r.know(facts.NoEndpoints, facts.NoService, fmt.Sprintf("service %s does not exist", key))
		return
	}
	if service.Type == "ExternalName" {
		r.Skip = fmt.Sprintf("service %s is of type ExternalName: whether a call can be made depends on how the control plane was started", key)
		return
	}
	port := slices.IndexFunc(service.Ports, func(p facts.ServicePort) bool { return p.Port == backend.Port })
	if port < 0 {
		r.know(facts.NoEndpoints, facts.NoPort, fmt.Sprintf("service %s has no port %d", key, backend.Port))
		return
	}
	if b.endpointsAbsent != (facts.Absence{}) {
		b.unresolved(r, facts.Endpoints, b.endpointsAbsent)
		return
	}
	if _, listed := b.endpoints[key]; !listed {
		// Nobody has looked: no webhook of the cluster calls the Service.
		b.unresolved(r, facts.Endpoints, facts.Absence{Reason: facts.NotCollected, Detail: "no webhook called the service"})
		return
	}
	b.resolveEndpoints(r, key, service.Ports[port].Name)
	r.Addresses = primary(service, r.Addresses)
}

func (b backends) resolveEndpoints(r *Request, key, portName string) {
	all := 0
	for _, e := range b.endpoints[key] {
		if e.PortName != portName {
			continue
		}
		all++
		if !e.Ready {
			continue
		}
		if a, ok := addressOf(e); ok {
			r.Addresses = append(r.Addresses, a)
		}
	}
	slices.Sort(r.Addresses)
	r.Addresses = slices.Compact(r.Addresses)
	switch {
	case len(r.Addresses) > 0:
	case all == 0:
		r.know(facts.NoEndpoints, facts.NoEndpoint, fmt.Sprintf("service %s has no endpoints", key))
	default:
		r.know(facts.NoEndpoints, facts.NoneReady, fmt.Sprintf("service %s has no ready endpoint, of %d", key, all))
	}
}

func addressOf(e facts.Endpoint) (address string, ok bool) {
	ip, err := netip.ParseAddr(e.IP)
	return netip.AddrPortFrom(ip, uint16(e.Port)).String(), err == nil
}

// primary returns the addresses of the Service's first IP family, which are the
// only ones that the API server calls while there are any.
func primary(s facts.Service, addresses []string) []string {
	if len(s.ClusterIPs) == 0 {
		return addresses
	}
	ip, err := netip.ParseAddr(s.ClusterIPs[0])
	if err != nil {
		return addresses
	}
	var same []string
	for _, a := range addresses {
		if netip.MustParseAddrPort(a).Addr().Is4() == ip.Is4() {
			same = append(same, a)
		}
	}
	if same == nil {
		return addresses
	}
	return same
}

// unresolved leaves the question to the service proxy, which resolves Services
// itself; from the pod network nobody can be asked.
func (b backends) unresolved(r *Request, f facts.Fact, a facts.Absence) {
	if r.Vantage == facts.PodNetwork {
		r.Skip = fmt.Sprintf("its addresses are not known: could not read %s (%s)", f.ID(), a)
	}
}
