package rehearsal

import (
	"slices"
	"strconv"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// nobodys is an address that is nobody's (RFC 5737).
const nobodys = "192.0.2.250"

// Listed returns s with an endpoint for each Service that a webhook calls and of which
// nobody has looked who is behind it, as where the webhook is of a manifest. Without one
// the API server would find nobody to call, which nobody knows to be so: with it a
// stand-in is called of which nothing is known.
func Listed(s *facts.Snapshot) *facts.Snapshot {
	all, ok := facts.Endpoints.Get(s)
	services, _ := facts.Services.Get(s)
	if !ok {
		return s
	}
	listed := slices.Clone(all)
	for _, i := range webhooks(s) {
		b := i.Backend
		if slices.ContainsFunc(listed, func(e facts.ServiceEndpoints) bool { return e.Namespace == b.Namespace && e.Service == b.Name }) {
			continue
		}
		for _, v := range services {
			if v.Namespace != b.Namespace || v.Name != b.Name || v.Type == "ExternalName" {
				continue
			}
			e := facts.ServiceEndpoints{Namespace: v.Namespace, Service: v.Name}
			for _, p := range v.Ports {
				port, err := strconv.ParseInt(p.TargetPort, 10, 32)
				if err != nil || port == 0 {
					port = int64(p.Port)
				}
				e.Endpoints = append(e.Endpoints, facts.Endpoint{IP: nobodys, PortName: p.Name, Port: int32(port), Ready: true})
			}
			listed = append(listed, e)
		}
	}
	if len(listed) == len(all) {
		return s
	}
	return s.With(facts.Present(facts.Endpoints, listed))
}
