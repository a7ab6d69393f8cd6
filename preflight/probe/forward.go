package probe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// maxForwards is at how many Pods of one Service the certificate is looked at.
const maxForwards = 16

// forward adds what shows, beside the question r through the service proxy, which
// certificates the Pods behind the Service have: a TLS handshake with each of
// them, and for those that are left out the reason. A webhook is thought of once.
func (p *planner) forward(r Request) {
	if !p.options.PortForward || r.Vantage != facts.ServiceProxy || r.ServerName == "" || r.Known != nil || p.forwarded[r.Interception.Culprit()] {
		return
	}
	p.forwarded[r.Interception.Culprit()] = true
	f := r
	f.Vantage, f.Review, f.Skip, f.Addresses = facts.PortForward, nil, "", nil
	leave := func(format string, args ...any) {
		left := f
		left.Skip = fmt.Sprintf(format, args...)
		p.add(left)
	}
	if len(r.Addresses) == 0 {
		if r.Skip == "" {
			leave("its Pods are not known: %s", p.backends.unread())
		}
		return
	}
	pods, others := p.backends.pods(r)
	if len(others) > 0 {
		leave("%s is no Pod's, so there is no port of a Pod to forward", strings.Join(others[:min(3, len(others))], ", "))
	}
	if len(pods) > maxForwards {
		leave("of the certificates of its %d ready Pods only %d are looked at", len(pods), maxForwards)
		pods = pods[:maxForwards]
	}
	if len(pods) > 0 {
		f.Addresses = pods
		p.add(f)
	}
}

// pods returns the Pods at the addresses of r, as namespace/pod:port, and the
// addresses at which there is none.
func (b backends) pods(r Request) (pods, others []string) {
	backend := r.Interception.Backend
	names := map[string]string{}
	for _, e := range b.endpoints[backend.Namespace+"/"+backend.Name] {
		if a, ok := addressOf(e); ok && e.Ready && e.Pod != "" {
			names[a] = fmt.Sprintf("%s/%s:%d", backend.Namespace, e.Pod, e.Port)
		}
	}
	for _, a := range r.Addresses {
		if name, ok := names[a]; ok {
			pods = append(pods, name)
		} else {
			others = append(others, a)
		}
	}
	slices.Sort(pods)
	return slices.Compact(pods), others
}

// unread says which fact is missing to know the addresses of Services.
func (b backends) unread() string {
	if b.servicesAbsent != (facts.Absence{}) {
		return fmt.Sprintf("could not read %s (%s)", facts.Services.ID(), b.servicesAbsent)
	}
	return fmt.Sprintf("could not read %s (%s)", facts.Endpoints.ID(), b.endpointsAbsent)
}
