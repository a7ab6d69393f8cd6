package kube

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// marked reports whether an object has a label or annotation that only GKE sets: that of
// its add-on manager (kubernetes cluster/addons/addon-manager/README.md), or those by which
// it tells its components apart (github.com/GoogleCloudPlatform/prometheus-engine
// pkg/operator, AnnotationMetricName).
func marked(o metav1.Object) bool {
	mode := o.GetLabels()["addonmanager.kubernetes.io/mode"]
	if mode == "Reconcile" || mode == "EnsureExists" {
		return true
	}
	for _, keys := range []map[string]string{o.GetLabels(), o.GetAnnotations()} {
		for k := range keys {
			if strings.HasPrefix(k, "components.gke.io/") {
				return true
			}
		}
	}
	return false
}

// keeper says whose the object is. In the namespace that users share with GKE only what is
// marked itself is GKE's; gke are the namespaces that are.
func keeper(o metav1.Object, gke map[string]bool) facts.Keeper {
	if marked(o) || o.GetNamespace() != systemNamespace && gke[o.GetNamespace()] {
		return facts.OfGKE
	}
	return facts.OfUser
}

// keeper is of the pods that p is one of. Pods of kube-system that are part of the cluster
// may say so by an older label, which charts give to what users install elsewhere.
func (s *sums) keeper(p *corev1.Pod) facts.Keeper {
	if p.Namespace == systemNamespace && p.Labels["kubernetes.io/cluster-service"] == "true" {
		return facts.OfGKE
	}
	return keeper(p, s.gke)
}
