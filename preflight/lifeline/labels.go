package lifeline

import (
	"cmp"
	"maps"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// The controllers that make pods, by their service accounts.
const (
	deployments  = "replicaset-controller"
	daemonSets   = "daemon-set-controller"
	statefulSets = "statefulset-controller"
)

// ofPods are the labels that each controller puts on the pods that it makes,
// beside those of their template (kubernetes pkg/controller/deployment/sync.go,
// getNewReplicaSet; pkg/controller/daemon/util/daemonset_util.go, CreatePodTemplate;
// pkg/controller/statefulset/stateful_set_utils.go, updateIdentity; pkg/apis/batch/types.go,
// JobNameLabel and ControllerUidLabel). The values are
// examples: they differ from pod to pod or from revision to revision.
var ofPods = map[string]map[string]string{
	deployments:  {"pod-template-hash": "5d8c9f7b6"},
	daemonSets:   {"controller-revision-hash": "5d8c9f7b6", "pod-template-generation": "1"},
	jobs:         {"batch.kubernetes.io/controller-uid": "any-uid", "batch.kubernetes.io/job-name": "any-job", "controller-uid": "any-uid", "job-name": "any-job"},
	statefulSets: {"controller-revision-hash": "any-5d8c9f7b6", "statefulset.kubernetes.io/pod-name": "any-0", "apps.kubernetes.io/pod-index": "0"},
}

// made is o with the labels that its controller puts on it. Of an object whose
// labels are all known only the values are not.
func made(o object, controller string) object {
	if !o.known.Complete {
		return o.varying(ofPods[controller])
	}
	for _, k := range slices.Sorted(maps.Keys(ofPods[controller])) {
		if _, ok := o.labels[k]; ok {
			o.known.Varying = append(slices.Clip(o.known.Varying), k)
		}
	}
	return o
}

// ofKubelets are the labels that a kubelet of GKE gives its node when it
// registers it (kubernetes pkg/kubelet/kubelet_node_status.go, initialNode;
// cloud.google.com/kubernetes-engine/docs/how-to/creating-managing-labels).
func ofKubelets(node, pool string) map[string]string {
	return map[string]string{
		"kubernetes.io/hostname": node, "kubernetes.io/arch": "amd64", "beta.kubernetes.io/arch": "amd64",
		"cloud.google.com/gke-nodepool": pool, "cloud.google.com/gke-os-distribution": "cos",
		"cloud.google.com/gke-boot-disk": "pd-balanced", "cloud.google.com/gke-container-runtime": "containerd",
		"cloud.google.com/machine-family": "e2",
	}
}

// ofClouds are the labels that the cloud's controller manager adds
// (k8s.io/cloud-provider controllers/node/node_controller.go,
// getNodeModifiersFromCloudProvider).
func ofClouds(zone string) map[string]string {
	return map[string]string{
		"node.kubernetes.io/instance-type": "e2-standard-4", "beta.kubernetes.io/instance-type": "e2-standard-4",
		"topology.kubernetes.io/zone": zone, "failure-domain.beta.kubernetes.io/zone": zone,
		"topology.kubernetes.io/region": "any-region", "failure-domain.beta.kubernetes.io/region": "any-region",
	}
}

// newNode is a node as its kubelet registers it. It stands for all nodes: of a
// label whose value differs among them the value is an example. What else the
// nodes of a pool carry is not known.
func (e examples) newNode() object {
	o := object{name: e.node, labels: map[string]string{"kubernetes.io/os": "linux", "beta.kubernetes.io/os": "linux"}}
	nodes, _ := facts.Nodes.Get(e.s)
	shared, varying := sharedLabels(nodes)
	for k, v := range shared {
		o.labels[k] = v
	}
	return o.varying(varying).varying(ofKubelets(e.node, cmp.Or(e.pool, "any-pool")))
}

// fullNode is one that all have labelled who always do.
func (e examples) fullNode() object { return e.newNode().varying(ofClouds("any-zone")) }

// sharedLabels are the labels that all nodes have, apart from those of Kubernetes
// and GKE: with the same value, and with different ones.
func sharedLabels(nodes []facts.Node) (same, varying map[string]string) {
	same, varying = map[string]string{}, map[string]string{}
	if len(nodes) == 0 {
		return same, varying
	}
	for k, v := range nodes[0].Labels {
		everywhere, alike := true, true
		for _, n := range nodes {
			got, ok := n.Labels[k]
			everywhere, alike = everywhere && ok, alike && got == v
		}
		switch {
		case everywhere && alike:
			same[k] = v
		case everywhere:
			varying[k] = v
		}
	}
	return same, varying
}
