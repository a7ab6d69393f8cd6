package facts

var (
	// PodGroups are the pods of all namespaces, summed up by what made them and
	// by namespace, kind and name. Pods that have ended are left out, and those
	// that a kubelet runs from a file of its node.
	PodGroups = kubernetes[[]PodGroup]("pod-groups", list("", "pods")).later()

	// LocalVolumes are the claims bound to volumes that are on one node alone, as
	// namespace/name, sorted.
	LocalVolumes = kubernetes[[]string]("local-volumes", list("", "persistentvolumes")).later()
)

// PodGroup is the pods that one controller made, or one pod that none did.
//
// Fields that are about a pod's template hold for the group if they hold for any
// of its pods, as while a new revision is rolled out.
type PodGroup struct {
	Namespace string `json:"namespace"`
	// Kind is that of the controller, such as StatefulSet, and Deployment for the
	// pods of its ReplicaSets; Pod where there is no controller.
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Example is the name of one of its pods, the first in order; empty in recordings of
	// earlier versions.
	Example string `json:"example,omitempty"`
	Keeper  Keeper `json:"keeper,omitempty"`
	// Labels are those that all its pods have, with the same value.
	Labels map[string]string `json:"labels,omitempty"`
	// Pods counts those that have not ended, Ready those of them that are ready.
	Pods  int32 `json:"pods"`
	Ready int32 `json:"ready"`
	// Pools counts the pods by the node pool of their nodes; pods without a node,
	// or on nodes without that label, count under the empty name. It is absent
	// where nodes could not be read.
	Pools map[string]int32 `json:"pools,omitempty"`
	// GraceSeconds is the longest time that a pod asks for to end; zero where that
	// is ten minutes or less.
	GraceSeconds int64 `json:"graceSeconds,omitempty"`
	// EmptyDir names a volume of that kind that is on disk; empty for none.
	EmptyDir string `json:"emptyDir,omitempty"`
	// HostPath is a directory of the node that a container writes to, and that is
	// not one of the system's own; empty for none.
	HostPath string `json:"hostPath,omitempty"`
	// LocalClaim is a claim of [LocalVolumes] that a pod uses; empty for none, and
	// where those could not be read.
	LocalClaim string `json:"localClaim,omitempty"`
	// Hosts are the nodes that pods ask for by name or host name.
	Hosts []string `json:"hosts,omitempty"`
	// NodeLabels are the labels of nodes that pods require, as key=value, or as
	// key where any value, or one of several, will do. Host names are not among them.
	NodeLabels []string `json:"nodeLabels,omitempty"`
}
