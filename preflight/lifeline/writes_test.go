package lifeline

import (
	"slices"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

// TestWrites holds what is written by whom against a list made from upstream by hand.
func TestWrites(t *testing.T) {
	const sa, upgrades = "system:serviceaccount:kube-system:", "service-000000000000@container-engine-robot.iam.gserviceaccount.com"
	want := map[string][]string{
		"node leases": {"UPDATE leases.coordination.k8s.io kube-node-lease/n1 by system:node:n1"},
		"node status": {"UPDATE nodes/status n1 by system:node:n1"},
		"leader election of kube-controller-manager":  {"UPDATE leases.coordination.k8s.io kube-system/kube-controller-manager by system:kube-controller-manager"},
		"leader election of kube-scheduler":           {"UPDATE leases.coordination.k8s.io kube-system/kube-scheduler by system:kube-scheduler"},
		"leader election of cloud-controller-manager": {"UPDATE leases.coordination.k8s.io kube-system/cloud-controller-manager by system:cloud-controller-manager"},
		"pods of kube-system": {
			"CREATE pods kube-system/kube-dns by " + sa + "replicaset-controller",
			"CREATE pods/binding kube-system/kube-dns by system:kube-scheduler",
			"UPDATE pods/status kube-system/kube-dns by system:node:n1",
			"CREATE pods kube-system/konnectivity-agent by " + sa + "daemon-set-controller",
		},
		"pods of namespace opa": {
			"CREATE pods opa/opa-0 by " + sa + "statefulset-controller",
			"CREATE pods/binding opa/opa-0 by system:kube-scheduler",
			"UPDATE pods/status opa/opa-0 by system:node:n1",
		},
		"certificate signing requests": {
			"CREATE certificatesigningrequests.certificates.k8s.io node-csr by system:bootstrap:gke",
			"CREATE certificatesigningrequests.certificates.k8s.io csr-renewal by system:node:n1",
			"UPDATE certificatesigningrequests.certificates.k8s.io/approval node-csr by " + sa + "certificate-controller",
			"UPDATE certificatesigningrequests.certificates.k8s.io/status node-csr by " + sa + "certificate-controller",
		},
		"node registration": {"CREATE nodes n1 by system:node:n1", "CREATE leases.coordination.k8s.io kube-node-lease/n1 by system:node:n1"},
		"service account tokens": {
			"CREATE serviceaccounts/token kube-system/kube-dns by system:node:n1",
			"CREATE serviceaccounts/token kube-system/replicaset-controller by system:kube-controller-manager",
		},
		"endpoint slices": {
			"CREATE endpointslices.discovery.k8s.io kube-system/kube-dns by " + sa + "endpointslice-controller",
			"UPDATE endpointslices.discovery.k8s.io kube-system/kube-dns by " + sa + "endpointslice-controller",
		},
		"node taints and conditions": {"UPDATE nodes n1 by " + sa + "node-controller", "UPDATE nodes/status n1 by " + sa + "node-controller"},
		"add-on manager": {
			"UPDATE deployments.apps kube-system/kube-dns by system:addon-manager",
			"UPDATE services kube-system/kube-dns by system:addon-manager",
			"UPDATE serviceaccounts kube-system/kube-dns by system:addon-manager",
			"UPDATE configmaps kube-system/kube-dns by system:addon-manager",
			"UPDATE daemonsets.apps kube-system/konnectivity-agent by system:addon-manager",
		},
		"custom resource definitions": {
			"UPDATE customresourcedefinitions.apiextensions.k8s.io volumesnapshots.snapshot.storage.k8s.io by system:addon-manager",
			"CREATE customresourcedefinitions.apiextensions.k8s.io any-definition.any-group.gke.io by system:addon-manager",
		},
		"rollouts of add-ons": {
			"CREATE replicasets.apps kube-system/kube-dns-5d8c9f7b6 by " + sa + "deployment-controller",
			"UPDATE replicasets.apps kube-system/kube-dns-5d8c9f7b6 by " + sa + "deployment-controller",
			"CREATE controllerrevisions.apps kube-system/konnectivity-agent-5d8c9f7b6 by " + sa + "daemon-set-controller",
			"UPDATE controllerrevisions.apps kube-system/konnectivity-agent-5d8c9f7b6 by " + sa + "daemon-set-controller",
		},
		"removal of spare nodes": {"UPDATE nodes n1 by cluster-autoscaler"},
		"evictions": {
			"CREATE pods/eviction opa/opa by " + upgrades,
			"CREATE pods/eviction opa/opa by cluster-autoscaler",
			"UPDATE poddisruptionbudgets.policy/status opa/any-budget by system:apiserver",
		},
		"pod deletions": {
			"DELETE pods opa/opa by system:node:n1",
			"UPDATE pods/status opa/opa by " + sa + "pod-garbage-collector",
			"DELETE pods opa/opa by " + sa + "pod-garbage-collector",
			"DELETE pods opa/opa by " + upgrades,
		},
		"nodes and their budgets": {
			"UPDATE nodes n1 by " + upgrades,
			"DELETE nodes n1 by " + sa + "node-controller",
			"UPDATE poddisruptionbudgets.policy/status opa/any-budget by " + sa + "disruption-controller",
		},
		"CSI nodes": {"CREATE csinodes.storage.k8s.io n1 by system:node:n1", "UPDATE csinodes.storage.k8s.io n1 by system:node:n1"},
		"volume attachments": {
			"CREATE volumeattachments.storage.k8s.io csi-0000000000000000 by " + sa + "attachdetach-controller",
			"DELETE volumeattachments.storage.k8s.io csi-0000000000000000 by " + sa + "attachdetach-controller",
			"UPDATE volumeattachments.storage.k8s.io csi-0000000000000000 by system:serviceaccount:gce-pd-csi-driver:csi-gce-pd-controller-sa",
			"UPDATE volumeattachments.storage.k8s.io/status csi-0000000000000000 by system:serviceaccount:gce-pd-csi-driver:csi-gce-pd-controller-sa",
			"UPDATE nodes/status n1 by " + sa + "attachdetach-controller",
		},
		"persistent volumes": {
			"UPDATE persistentvolumes pvc-00000000-0000-0000-0000-000000000000 by " + sa + "persistent-volume-binder",
			"UPDATE persistentvolumes/status pvc-00000000-0000-0000-0000-000000000000 by " + sa + "persistent-volume-binder",
			"UPDATE persistentvolumes pvc-00000000-0000-0000-0000-000000000000 by system:kube-scheduler",
			"UPDATE persistentvolumeclaims opa/any-claim by " + sa + "persistent-volume-binder",
			"UPDATE persistentvolumeclaims/status opa/any-claim by " + sa + "persistent-volume-binder",
			"UPDATE persistentvolumeclaims opa/any-claim by system:kube-scheduler",
		},
		"the network of new nodes": {
			"CREATE pods calico-system/calico-node by " + sa + "daemon-set-controller",
			"CREATE pods/binding calico-system/calico-node by system:kube-scheduler",
			"UPDATE pods/status calico-system/calico-node by system:node:n1",
			"CREATE serviceaccounts/token calico-system/default by system:node:n1",
			"CREATE serviceaccounts/token calico-system/calico-node by system:node:n1",
		},
		"pods of DaemonSets": {
			"CREATE pods calico-system/calico-node by " + sa + "daemon-set-controller",
			"CREATE pods/binding calico-system/calico-node by system:kube-scheduler",
			"UPDATE pods/status calico-system/calico-node by system:node:n1",
			"CREATE serviceaccounts/token calico-system/default by system:node:n1",
		},
		"pods of applications": {
			"CREATE pods opa/opa by " + sa + "statefulset-controller",
			"CREATE pods/binding opa/opa by system:kube-scheduler",
			"UPDATE pods/status opa/opa by system:node:n1",
			"CREATE serviceaccounts/token opa/default by system:node:n1",
			"CREATE pods web/web by " + sa + "replicaset-controller",
			"CREATE pods opa/canary by controller of Rollout",
		},
		"status of workloads": {
			"UPDATE statefulsets.apps/status opa/opa by " + sa + "statefulset-controller",
			"UPDATE jobs.batch/status web/web by " + sa + "job-controller",
			"UPDATE replicasets.apps/status web/web by " + sa + "replicaset-controller",
		},
		"reviews by kubelets": {
			"CREATE tokenreviews.authentication.k8s.io  by system:node:n1",
			"CREATE subjectaccessreviews.authorization.k8s.io  by system:node:n1",
		},
		"reviews by aggregated API servers": {
			"CREATE tokenreviews.authentication.k8s.io  by " + sa + "metrics-server",
			"CREATE subjectaccessreviews.authorization.k8s.io  by " + sa + "metrics-server",
		},
	}
	for _, l := range Of(cluster("1.36.3")) {
		var got []string
		for _, w := range l.Writes {
			got = append(got, w.Key()+" by "+w.User.Name)
			o := w.Object
			if w.Operation == bootstrap.Delete {
				o = w.OldObject
			}
			if w.Hook != l.Name || o == nil || o.GetKind() != w.Kind.Kind || !slices.Contains(w.User.Groups, authenticated) {
				t.Errorf("%s: %s is not whole: %+v", l.Name, w.Key(), w)
			}
		}
		if !slices.Equal(got, want[l.Name]) {
			t.Errorf("%s:\n\t%s\nwant\n\t%s", l.Name, strings.Join(got, "\n\t"), strings.Join(want[l.Name], "\n\t"))
		}
		delete(want, l.Name)
	}
	for name := range want {
		t.Errorf("there is no line %q", name)
	}
}
