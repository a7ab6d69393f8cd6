package lifeline

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// selectedNode is where a claim says which node its first pod gets (component-helpers
// storage/volume/helpers.go, AnnSelectedNode).
const selectedNode = "volume.kubernetes.io/selected-node"

// toBeDeleted is the taint of a node that the cluster autoscaler is about to empty
// (autoscaler cluster-autoscaler/utils/taints/taints.go, ToBeDeletedTaint).
const toBeDeleted = "ToBeDeletedByClusterAutoscaler"

// jobTracking is what keeps a pod of a Job until it is counted (kubernetes
// pkg/apis/batch/types.go, JobTrackingFinalizer).
const jobTracking = "batch.kubernetes.io/job-tracking"

// oldNodes are cordoned by who drains them, and taken from the list once their machine is
// gone; meanwhile disruption budgets are counted anew.
//
// The controllers of the cloud take a node away as node-controller, with a ServiceAccount of
// its own on GCE (cloud-provider app/controllermanager.go, DefaultInitFuncConstructors;
// kubernetes cluster/gce/gci/configure-helper.sh, start-cloud-controller-manager). Whether
// GKE's upgrade does so before them is not documented: they do in any case. The cluster
// autoscaler deletes machines alone (autoscaler
// cluster-autoscaler/cloudprovider/gce/autoscaling_gce_client.go, DeleteInstances).
func (e examples) oldNodes() []bootstrap.Write {
	n := e.fullNode()
	cordon := sketch(bootstrap.Update, node, n, upgrader())
	cordoned(cordon.Object)
	ws := []bootstrap.Write{from(cordon, e.aNode()...), from(removal(node, n, serviceAccount("node-controller")), e.aNode()...)}
	return append(ws, e.budgets(serviceAccount("disruption-controller"))...)
}

// spareNodes get a taint before the cluster autoscaler empties them.
func (e examples) spareNodes() []bootstrap.Write {
	taint := sketch(bootstrap.Update, node, e.fullNode(), autoscaler())
	tainted(taint.Object)
	return []bootstrap.Write{from(taint, e.aNode()...)}
}

// budgets are the disruption budgets of the cluster, whose status is written; where they
// could not be read one in each namespace whose pods may have one.
func (e examples) budgets(by bootstrap.User) []bootstrap.Write {
	all, read := facts.DisruptionBudgets.Get(e.s)
	if !read {
		for _, g := range e.groups(&Line{}, drained) {
			all = append(all, facts.DisruptionBudget{Namespace: g.Namespace})
		}
	}
	if !read && all == nil {
		all = []facts.DisruptionBudget{{Namespace: "default"}}
	}
	pools := e.poolsByNamespace()
	write := func(b facts.DisruptionBudget) []bootstrap.Write {
		o := object{namespace: b.Namespace, name: cmp.Or(b.Name, "any-budget")}
		w := sketch(bootstrap.Update, budget.sub("status"), o, by)
		if b.Name != "" {
			w = from(w, named(budget, b.Namespace, b.Name))
		}
		return []bootstrap.Write{w}
	}
	looks := func(b facts.DisruptionBudget) string { return b.Namespace + "/" + b.Name }
	return alikeOf(e, all, looks, func(b facts.DisruptionBudget) []string { return pools[b.Namespace] }, write).writes
}

// changed makes of an object what an update of its like makes of it, where that is known:
// a node that is cordoned or tainted, a claim whose node is chosen, a pod that failed, and
// one that its Job has counted.
func changed(w bootstrap.Write, o *unstructured.Unstructured) {
	switch {
	case w.Object == nil:
	case w.Resource == pod.resource && w.Subresource == "status":
		if phase, is, _ := unstructured.NestedString(w.Object.Object, "status", "phase"); is {
			partOf(o, "status")["phase"] = phase
		}
	case w.Subresource != "":
	case w.Resource == node.resource:
		if is, _, _ := unstructured.NestedBool(w.Object.Object, "spec", "unschedulable"); is {
			cordoned(o)
		}
		if _, is, _ := unstructured.NestedSlice(w.Object.Object, "spec", "taints"); is {
			tainted(o)
		}
	case w.Resource == claim.resource:
		if chosen, is := w.Object.GetAnnotations()[selectedNode]; is {
			all := o.GetAnnotations()
			if all == nil {
				all = map[string]string{}
			}
			all[selectedNode] = chosen
			o.SetAnnotations(all)
		}
	case w.Resource == pod.resource:
		o.SetFinalizers(slices.DeleteFunc(o.GetFinalizers(), func(f string) bool { return f == jobTracking }))
	}
}

func cordoned(o *unstructured.Unstructured) { partOf(o, "spec")["unschedulable"] = true }

func tainted(o *unstructured.Unstructured) {
	spec := partOf(o, "spec")
	taints, _ := spec["taints"].([]any)
	spec["taints"] = append(taints, map[string]any{"key": toBeDeleted, "value": "0", "effect": "NoSchedule"})
}

// partOf is the part of the object by that name, which it is given where it has none.
func partOf(o *unstructured.Unstructured, name string) map[string]any {
	part, _ := o.Object[name].(map[string]any)
	if part == nil {
		part = map[string]any{}
		o.Object[name] = part
	}
	return part
}
