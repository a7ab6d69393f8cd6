package lifeline

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

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
//
// Left out is the status by which the API server itself counts an eviction, as
// system:apiserver (kubernetes pkg/registry/core/pod/storage/eviction.go, checkAndDecrement):
// the same webhooks see the one of the disruption controller, but for those that go by who
// writes it.
func (e examples) oldNodes() []bootstrap.Write {
	n := e.fullNode()
	cordon := sketch(bootstrap.Update, node, n, upgrader())
	cordoned(cordon.Object)
	ws := []bootstrap.Write{from(cordon, e.aNode()...), from(removal(node, n, serviceAccount("node-controller")), e.aNode()...)}
	return append(ws, e.budgets()...)
}

// budgets are the disruption budgets of the cluster; one where they could not be read.
func (e examples) budgets() []bootstrap.Write {
	all, read := facts.DisruptionBudgets.Get(e.s)
	by := serviceAccount("disruption-controller")
	if !read {
		return []bootstrap.Write{sketch(bootstrap.Update, budget.sub("status"), object{namespace: "default", name: "any-budget"}, by)}
	}
	var ws []bootstrap.Write
	pools := e.poolsByNamespace()
	for _, b := range all {
		o := object{namespace: b.Namespace, name: b.Name}
		w := from(sketch(bootstrap.Update, budget.sub("status"), o, by), named(budget, b.Namespace, b.Name))
		w.Pools = pools[b.Namespace]
		ws = append(ws, w)
	}
	return e.distinct(ws)
}

// changed makes of an object what an update of its like makes of it, where that is known:
// a node that is cordoned, and a pod that its Job has counted.
func changed(w bootstrap.Write, o *unstructured.Unstructured) {
	switch {
	case w.Subresource != "" || w.Object == nil:
	case w.Resource == node.resource:
		if is, _, _ := unstructured.NestedBool(w.Object.Object, "spec", "unschedulable"); is {
			cordoned(o)
		}
	case w.Resource == pod.resource:
		o.SetFinalizers(slices.DeleteFunc(o.GetFinalizers(), func(f string) bool { return f == jobTracking }))
	}
}

func cordoned(o *unstructured.Unstructured) {
	spec, _, _ := unstructured.NestedMap(o.Object, "spec")
	if spec == nil {
		spec = map[string]any{}
	}
	spec["unschedulable"] = true
	o.Object["spec"] = spec
}
