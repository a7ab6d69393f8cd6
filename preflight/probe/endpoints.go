package probe

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// MaxEndpoints is how many endpoints of one Service are asked, each for itself.
// What more there are is left undecided.
const MaxEndpoints = 32

// An Endpoint is one of those among which the API server picks for a call.
type Endpoint struct {
	// Address is host:port, as attempts from the pod network have it as their target.
	Address string
	// Forward is namespace/pod:port, as attempts by a port-forward have it; empty
	// for an address that is no Pod's.
	Forward string
	// Pod is the Pod's name in the Service's namespace; empty for none.
	Pod string
}

// String is the Pod's name, or else the address.
func (e Endpoint) String() string {
	if e.Pod != "" {
		return e.Pod
	}
	return e.Address
}

// Endpoints returns among whom the API server picks for a call that i stands for,
// in the order in which they are asked: the ready endpoints of the Service. It is
// empty for a URL, and where there are none or they could not be read.
func Endpoints(s *facts.Snapshot, i admission.Interception) []Endpoint {
	b := services.Of(s)
	r := Request{Interception: i, Vantage: facts.PodNetwork}
	b.resolve(&r)
	var es []Endpoint
	forwards := b.forwards(i.Backend)
	for _, a := range r.Addresses {
		e := Endpoint{Address: a}
		if f, ok := forwards[a]; ok {
			e.Pod, e.Forward = f.pod, f.String()
		}
		es = append(es, e)
	}
	return es
}

// Nobody returns what a call meets that i stands for where the API server finds nobody to
// call: its Service is missing, has no such port, no endpoint, or none that is ready;
// false where it finds somebody, and where that is not known.
func Nobody(s *facts.Snapshot, i admission.Interception) (facts.Attempt, bool) {
	if !i.Kind.IsWebhook() {
		return facts.Attempt{}, false
	}
	r := Request{Interception: i, Vantage: facts.PodNetwork}
	services.Of(s).resolve(&r)
	if r.Known == nil {
		return facts.Attempt{}, false
	}
	return *r.Known, true
}

var services = &facts.Derivation[backends]{Compute: backendsOf}

// A podPort is a port of the Pod behind an endpoint.
type podPort struct {
	namespace, pod string
	port           int32
}

func (p podPort) String() string { return fmt.Sprintf("%s/%s:%d", p.namespace, p.pod, p.port) }

// forwards are the Pods at the ready addresses of b, by address.
func (b backends) forwards(to admission.Backend) map[string]podPort {
	found := map[string]podPort{}
	for _, e := range b.endpoints[to.Namespace+"/"+to.Name] {
		if a, ok := addressOf(e); ok && e.Ready && e.Pod != "" {
			found[a] = podPort{to.Namespace, e.Pod, e.Port}
		}
	}
	return found
}
