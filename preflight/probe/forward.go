package probe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// forward adds, beside the question r through the service proxy, what that can't
// show: how each of the Pods behind the Service answers for itself, and which
// certificate it has. The service proxy picks one of several Pods and does not say
// which, so each is asked about one write of every group as well, where a review
// may be sent; the Pods of a Service run the same program, and what it says to
// single writes the service proxy shows. Where there is one Pod, or no review may
// be sent, it is a TLS handshake, once for a webhook. Those that are left out are
// named with the reason.
func (p *planner) forward(r Request) {
	if !p.options.PortForward || r.Vantage != facts.ServiceProxy || r.ServerName == "" || r.Known != nil {
		return
	}
	f := r
	f.Vantage, f.Skip, f.Addresses = facts.PortForward, "", nil
	pods, others := p.backends.pods(r)
	if len(pods)+len(others) < 2 {
		f.Review = nil
	}
	once := asked{Culprit: r.Interception.Culprit()}
	if f.Review != nil {
		once.about = r.Group()
	}
	if p.forwarded[once] {
		return
	}
	p.forwarded[once] = true
	leave := func(format string, args ...any) {
		left := f
		left.Review, left.Skip = nil, fmt.Sprintf(format, args...)
		p.add(left)
	}
	if len(r.Addresses) == 0 {
		if r.Skip == "" {
			leave("its Pods are not known: %s", p.backends.unread())
		}
		return
	}
	if len(others) > 0 {
		leave("%s is no Pod's, so there is no port of a Pod to forward", strings.Join(others[:min(3, len(others))], ", "))
	}
	if len(pods) > MaxEndpoints {
		leave("of its %d ready Pods only %d are asked", len(pods), MaxEndpoints)
		pods = pods[:MaxEndpoints]
	}
	if len(pods) > 0 {
		f.Addresses = pods
		p.requests = append(p.requests, f)
	}
}

// pods returns the Pods at the addresses of r, as namespace/pod:port, and the
// addresses at which there is none.
func (b backends) pods(r Request) (pods, others []string) {
	forwards := b.forwards(r.Interception.Backend)
	for _, a := range r.Addresses {
		if f, ok := forwards[a]; ok {
			pods = append(pods, f.String())
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
