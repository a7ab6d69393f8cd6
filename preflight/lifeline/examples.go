package lifeline

import (
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

const (
	system = "kube-system"
	// dns and tunnel are workloads of kube-system that each cluster of GKE has.
	dns    = "kube-dns"
	tunnel = "konnectivity-agent"
)

// examples draws examples from a snapshot.
type examples struct {
	s    *facts.Snapshot
	node string
	pool string
	// now is when leases were renewed last: the time of the snapshot.
	now time.Time
	// endpoints says that one of the two versions finds webhooks by Endpoints
	// objects.
	endpoints bool
	// selecting are the labels that objectSelectors of webhooks and policies read, sorted.
	selecting []string
}

func examplesOf(s *facts.Snapshot) examples {
	e := examples{s: s, node: "any-node", now: s.Meta.CollectedAt, selecting: admission.SelectedLabels(s)}
	if nodes, _ := facts.Nodes.Get(s); len(nodes) > 0 {
		e.node, e.pool = nodes[0].Name, nodes[0].Pool
	}
	running, _ := facts.ServerVersion.Get(s)
	for _, v := range []string{running.GitVersion, s.Meta.Target} {
		e.endpoints = e.endpoints || !version.BackendSlices.In(v)
	}
	return e
}

func (e examples) nodeStatus() []bootstrap.Write {
	return []bootstrap.Write{from(sketch(bootstrap.Update, node.sub("status"), e.fullNode(), kubelet(e.node)), e.aNode()...)}
}

func (e examples) nodeConditions() []bootstrap.Write {
	by := serviceAccount("node-controller")
	return []bootstrap.Write{
		from(sketch(bootstrap.Update, node, e.fullNode(), by), e.aNode()...),
		from(sketch(bootstrap.Update, node.sub("status"), e.fullNode(), by), e.aNode()...),
	}
}

// aNode is the node that stands for all; none where nodes could not be read.
func (e examples) aNode() []bootstrap.Source {
	if nodes, _ := facts.Nodes.Get(e.s); len(nodes) == 0 {
		return nil
	}
	return []bootstrap.Source{oneOf(node, "", e.node)}
}

func (e examples) registration() []bootstrap.Write {
	return []bootstrap.Write{
		from(sketch(bootstrap.Create, node, e.newNode(), kubelet(e.node)), e.aNode()...),
		whole(bootstrap.Create, lease, e.nodeLease(e.now), kubelet(e.node)),
	}
}

// pod is a pod's way to its node: the scheduler binds it and the kubelet reports it. It is
// one of the group g, if that is known.
func (e examples) pod(o object, controller string, g facts.PodGroup) []bootstrap.Write {
	o = made(o, controller)
	var again []bootstrap.Source
	if makers[g.Kind] == controller {
		again = remade(g)
	}
	return []bootstrap.Write{
		from(sketch(bootstrap.Create, pod, o, makerOf(controller, g.Kind)), again...),
		e.bound(o),
		from(sketch(bootstrap.Update, pod.sub("status"), o, kubelet(e.node)), aPod(g)...),
	}
}

// bound is how the scheduler gives a pod its node, which may give the binding labels of which
// the values are not known.
func (e examples) bound(pod object) bootstrap.Write {
	o := object{namespace: pod.namespace, name: pod.name, fields: map[string]any{"target": map[string]any{"kind": "Node", "name": e.node}}}
	if !version.BindingLabels.In(e.s.Meta.Target) {
		return whole(bootstrap.Create, binding, o, component("kube-scheduler"))
	}
	o = o.bare().varying(map[string]string{"topology.kubernetes.io/zone": "any-zone", "topology.kubernetes.io/region": "any-region"})
	w := whole(bootstrap.Create, binding, o, component("kube-scheduler"))
	w.Labels, w.LabelsUnknown = o.known, true
	return w
}

func (e examples) certificates() []bootstrap.Write {
	o := object{name: "node-csr", known: bootstrap.Labels{Complete: true}, fields: map[string]any{"spec": map[string]any{"signerName": "kubernetes.io/kube-apiserver-client-kubelet", "usages": []any{"digital signature", "client auth"}}}}
	renewal := o
	renewal.name = "csr-renewal"
	signer := serviceAccount("certificate-controller")
	return []bootstrap.Write{
		sketch(bootstrap.Create, request, o, newcomer()),
		sketch(bootstrap.Create, request, renewal, kubelet(e.node)),
		sketch(bootstrap.Update, request.sub("approval"), o, signer),
		sketch(bootstrap.Update, request.sub("status"), o, signer),
	}
}

func (e examples) tokens() []bootstrap.Write {
	return []bootstrap.Write{
		sketch(bootstrap.Create, token, object{namespace: system, name: dns}.bare(), kubelet(e.node)),
		sketch(bootstrap.Create, token, object{namespace: system, name: "replicaset-controller"}.bare(), component("kube-controller-manager")),
	}
}

// trustBundle is what pods may mount to trust the API server; its name ends in a
// hash of what is in it.
func (examples) trustBundle() []bootstrap.Write {
	o := object{name: "kubernetes.io:kube-apiserver-serving:000000000000000000000000", fields: map[string]any{
		"spec": map[string]any{"signerName": "kubernetes.io/kube-apiserver-serving"},
	}}
	return []bootstrap.Write{sketch(bootstrap.Create, bundle, o.bare(), serviceAccount("kube-apiserver-serving-clustertrustbundle-publisher"))}
}

// addons are kube-dns and the control plane's tunnel, which stand for all that GKE applies
// to kube-system: others have other values of these labels.
func (e examples) addons() []bootstrap.Write {
	shipped := func(name string) object {
		return object{namespace: system, name: name}.varying(map[string]string{"k8s-app": name, "addonmanager.kubernetes.io/mode": "Reconcile"})
	}
	o := shipped(dns)
	var ws []bootstrap.Write
	for _, t := range []target{deployment, service} {
		ws = append(ws, from(sketch(bootstrap.Update, t, o, addonManager()), oneOf(t, system, dns)))
	}
	for _, t := range []target{to("", "v1", "serviceaccounts", "ServiceAccount"), to("", "v1", "configmaps", "ConfigMap")} {
		ws = append(ws, sketch(bootstrap.Update, t, o, addonManager()))
	}
	return append(ws, from(sketch(bootstrap.Update, daemons, shipped(tunnel), addonManager()), oneOf(daemons, system, tunnel)))
}

func reviews(by bootstrap.User) []bootstrap.Write {
	return []bootstrap.Write{
		sketch(bootstrap.Create, tokenReview, object{}.bare(), by),
		sketch(bootstrap.Create, access, object{}.bare(), by),
	}
}
