package lifeline

import (
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

const (
	// serviceName is the label by which a slice belongs to its Service (k8s.io/api
	// discovery/v1, LabelServiceName).
	serviceName = "kubernetes.io/service-name"
	managedBy   = "endpointslice.kubernetes.io/managed-by"
)

// routes are the endpoints of kube-dns, of every webhook's backend, and of other Services
// where others see them.
func (e examples) routes() []bootstrap.Write {
	byName := slices.Contains(e.selecting, serviceName)
	looks := func(b backend) string {
		if byName {
			return b.namespace + "/" + b.service
		}
		return b.namespace
	}
	return alikeOf(e, e.routed(), looks, anyPool, e.route).writes
}

// routed are the Services whose endpoints are kept for them: those that select pods.
func (e examples) routed() []backend {
	all := append([]backend{{system, dns}}, backends(e.s)...)
	services, _ := facts.Services.Get(e.s)
	for _, s := range services {
		if len(s.Selector) > 0 {
			all = append(all, backend{s.Namespace, s.Name})
		}
	}
	return all
}

// route are the endpoints of one Service. Its slices have its labels besides, which are not
// known (k8s.io/endpointslice utils.go, setEndpointSliceLabels).
func (e examples) route(b backend) []bootstrap.Write {
	o := object{namespace: b.namespace, name: b.service, labels: map[string]string{serviceName: b.service, managedBy: "endpointslice-controller.k8s.io"}}
	by := serviceAccount("endpointslice-controller")
	ws := []bootstrap.Write{sketch(bootstrap.Create, slice, o, by), sketch(bootstrap.Update, slice, o, by)}
	if e.endpoints {
		ws = append(ws, sketch(bootstrap.Update, endpoints, object{namespace: b.namespace, name: b.service}, serviceAccount("endpoint-controller")))
	}
	return ws
}
