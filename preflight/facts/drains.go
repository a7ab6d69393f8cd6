package facts

// What a drain and the new nodes do to pods, as far as their templates tell.
var (
	// PodDetails are the groups of [PodGroups] whose pods have something that another
	// node, a newer kubelet or API server may not give them, in the same order.
	PodDetails = kubernetes[[]PodDetail]("pod-details", list("", "pods")).later()

	// NodeRequests are what the pods of each node ask for, by node name; nodes without
	// pods are left out.
	NodeRequests = kubernetes[[]NodeRequest]("node-requests", list("", "pods")).later()

	// NetworkPlugins are the DaemonSets whose pods give a node its network, by namespace and
	// name: pods in their node's own network that reach into /etc/cni/net.d. There are none
	// where nodes bring their network with them.
	NetworkPlugins = kubernetes[[]NetworkPlugin]("network-plugins", list("", "pods")).later()

	// ProbeTimeouts are the pods of which an Event says that a command by which they are
	// probed timed out, as far as the API server still has them, by namespace and name.
	ProbeTimeouts = kubernetes[[]ProbeTimeout]("probe-timeouts", list("", "events")).later()

	// CriticalQuotas are the ResourceQuotas whose scope is a priority class, by namespace
	// and name.
	CriticalQuotas = kubernetes[[]CriticalQuota]("critical-quotas", list("", "resourcequotas")).later()

	// LooseAddresses are the addresses of Services and NetworkPolicies that strict readers
	// refuse, by kind, namespace and name.
	LooseAddresses = kubernetes[[]LooseAddress]("loose-addresses", list("", "services"), list("networking.k8s.io", "networkpolicies")).later()
)

// PodDetail is what is special about the pods of one group. A field holds for the group if
// it holds for any of its pods, and is empty where it holds for none.
type PodDetail struct {
	Namespace string `json:"namespace"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	// ExecProbe is a container that is probed by a command which may take a second at
	// most, as it may where nothing else is said.
	ExecProbe string `json:"execProbe,omitempty"`
	// HostPort is a port of the node that a pod takes.
	HostPort int32 `json:"hostPort,omitempty"`
	// Apart are the labels of nodes by which its pods must be apart from each other:
	// required anti-affinity to themselves.
	Apart []string `json:"apart,omitempty"`
	// Spread are the labels of nodes over which its pods must be spread: constraints on
	// themselves that say DoNotSchedule.
	Spread []string `json:"spread,omitempty"`
	// Places are the nodes that the scheduler may choose for such a pod by its
	// nodeSelector, node affinity and tolerations, counted by node pool and zone. There are
	// none where no node will do, and unless Placed.
	Places []Place `json:"places,omitempty"`
	// Placed says that Places were worked out: false where nodes could not be read, for
	// pods with none of HostPort, Apart and Spread, and in recordings of earlier versions.
	Placed bool `json:"placed,omitempty"`
	// Volume is a kind of volume that kubelets give up: gitRepo, rbd or cephfs, in the pod
	// or in the volume that its claim is bound to.
	Volume string `json:"volume,omitempty"`
	// ProbeHost is a container with a probe or lifecycle handler that names a host.
	ProbeHost string `json:"probeHost,omitempty"`
	// Critical is system-cluster-critical or system-node-critical.
	Critical string `json:"critical,omitempty"`
}

// Place is the nodes of one pool in one zone.
type Place struct {
	// Pool and Zone are empty for nodes without that label.
	Pool string `json:"pool,omitempty"`
	Zone string `json:"zone,omitempty"`
	// Nodes counts those that are not cordoned.
	Nodes int32 `json:"nodes"`
}

// NodeRequest is what the pods of one node ask for, those that have ended left out.
type NodeRequest struct {
	Node string `json:"node"`
	// CPU is in thousandths, Memory in bytes. Evicted is the part of pods that a drain
	// evicts: those of DaemonSets and of the node's own files stay.
	CPU           int64 `json:"cpu"`
	Memory        int64 `json:"memory"`
	EvictedCPU    int64 `json:"evictedCPU"`
	EvictedMemory int64 `json:"evictedMemory"`
}

// NetworkPlugin is a DaemonSet.
type NetworkPlugin struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// ProbeTimeout is a pod whose probe timed out.
type ProbeTimeout struct {
	Namespace string `json:"namespace"`
	Pod       string `json:"pod"`
	// Times is how often Events say so.
	Times int32 `json:"times"`
}

// CriticalQuota is a ResourceQuota that counts pods by their priority class.
type CriticalQuota struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Classes are those that it is for; none where it is for any.
	Classes []string `json:"classes,omitempty"`
}

// LooseAddress is an address that was taken once and is not written as strict readers want.
type LooseAddress struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Field is where it stands, such as spec.externalIPs[0].
	Field string `json:"field"`
	Value string `json:"value"`
	// Why is what strict readers say.
	Why string `json:"why"`
}

// Keeper says whose an object is. It is empty in recordings of earlier versions.
type Keeper string

const (
	// OfGKE: labels or annotations that only GKE sets mark it, or its namespace, as GKE's.
	OfGKE Keeper = "gke"
	// OfUser: nothing marks it as GKE's.
	OfUser Keeper = "user"
)
