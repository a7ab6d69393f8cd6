package facts

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var (
	// Services are all Services, by namespace and name.
	Services = kubernetes[[]Service]("services", list("", "services")).inAll()

	// Endpoints are the addresses behind the Services that webhooks, also those that
	// convert custom resources, and APIServices call, as the
	// running version resolves them: from Endpoints up to 1.33, from
	// EndpointSlices later.
	Endpoints = kubernetes[[]ServiceEndpoints]("endpoints", list("discovery.k8s.io", "endpointslices"), list("", "endpoints"))

	// BackendPods are the pods of the namespaces in which those Services are.
	BackendPods = kubernetes[[]Pod]("backend-pods", list("", "pods"))

	// BackendWorkloads are the Deployments, StatefulSets and DaemonSets of those namespaces.
	BackendWorkloads = kubernetes[[]Workload]("backend-workloads", list("apps", "deployments", "statefulsets", "daemonsets"))

	// DisruptionBudgets are all PodDisruptionBudgets, by namespace and name.
	DisruptionBudgets = kubernetes[[]DisruptionBudget]("disruption-budgets", list("policy", "poddisruptionbudgets"))
)

// Service is the part of a Service that decides where a webhook's call goes.
type Service struct {
	Namespace    string            `json:"namespace"`
	Name         string            `json:"name"`
	Type         string            `json:"type,omitempty"`
	ClusterIPs   []string          `json:"clusterIPs,omitempty"`
	ExternalName string            `json:"externalName,omitempty"`
	Selector     map[string]string `json:"selector,omitempty"`
	Ports        []ServicePort     `json:"ports,omitempty"`
}

// ServicePort is a port of a Service. Name is empty for an unnamed one.
type ServicePort struct {
	Name       string `json:"name,omitempty"`
	Port       int32  `json:"port"`
	TargetPort string `json:"targetPort,omitempty"`
	Protocol   string `json:"protocol,omitempty"`
}

// ServiceEndpoints are the addresses of one Service.
type ServiceEndpoints struct {
	Namespace string     `json:"namespace"`
	Service   string     `json:"service"`
	Endpoints []Endpoint `json:"endpoints,omitempty"`
}

// Endpoint is one address and port behind a Service.
type Endpoint struct {
	IP string `json:"ip"`
	// PortName is the name of the Service's port; empty for an unnamed one.
	PortName string `json:"portName,omitempty"`
	Port     int32  `json:"port"`
	Ready    bool   `json:"ready"`
	// Node and Pod are empty where the endpoint does not name them.
	Node string `json:"node,omitempty"`
	Pod  string `json:"pod,omitempty"`
}

// Pod is a pod of a backend's namespace.
type Pod struct {
	Namespace string            `json:"namespace"`
	Name      string            `json:"name"`
	Labels    map[string]string `json:"labels,omitempty"`
	Node      string            `json:"node,omitempty"`
	IPs       []string          `json:"ips,omitempty"`
	Phase     string            `json:"phase,omitempty"`
	Ready     bool              `json:"ready"`
	// Owner is kind/name of the controller; empty for a bare pod.
	Owner string `json:"owner,omitempty"`
	// Created is when the pod was made, ReadySince when it last turned ready;
	// zero where that is not known, or it is not ready.
	Created    time.Time `json:"created,omitzero"`
	ReadySince time.Time `json:"readySince,omitzero"`
	// PriorityClass is empty for a pod of no class; Priority is then that of the
	// default class, or zero.
	PriorityClass string      `json:"priorityClass,omitempty"`
	Priority      int32       `json:"priority,omitempty"`
	Containers    []Container `json:"containers,omitempty"`
	// HostNetwork holds for a pod that has its node's addresses, which
	// NetworkPolicies do not isolate.
	HostNetwork bool `json:"hostNetwork,omitempty"`
}

// Container is what a check reads of a container.
type Container struct {
	Name           string `json:"name"`
	Image          string `json:"image,omitempty"`
	LivenessProbe  bool   `json:"livenessProbe,omitempty"`
	ReadinessProbe bool   `json:"readinessProbe,omitempty"`
	// Requests and Limits hold cpu and memory alone, such as 256Mi.
	Requests map[string]string `json:"requests,omitempty"`
	Limits   map[string]string `json:"limits,omitempty"`
	// Ports are the named TCP ports.
	Ports    map[string]int32 `json:"ports,omitempty"`
	Restarts int32            `json:"restarts,omitempty"`
	// LastEnd is why the container last ended, such as OOMKilled or Error, and
	// LastEndedAt when; empty for one that never ended.
	LastEnd     string    `json:"lastEnd,omitempty"`
	LastEndedAt time.Time `json:"lastEndedAt,omitzero"`
}

// Workload is a Deployment, StatefulSet or DaemonSet.
type Workload struct {
	Kind      string            `json:"kind"`
	Namespace string            `json:"namespace"`
	Name      string            `json:"name"`
	Selector  map[string]string `json:"selector,omitempty"`
	// Expressions narrow Selector further; usually empty.
	Expressions []metav1.LabelSelectorRequirement `json:"matchExpressions,omitempty"`
	// Replicas is the number wanted, Ready the number that is ready.
	Replicas int32 `json:"replicas"`
	Ready    int32 `json:"ready"`
}

// DisruptionBudget is a PodDisruptionBudget.
type DisruptionBudget struct {
	Namespace string            `json:"namespace"`
	Name      string            `json:"name"`
	Selector  map[string]string `json:"selector,omitempty"`
	// Expressions narrow Selector further; usually empty.
	Expressions        []metav1.LabelSelectorRequirement `json:"matchExpressions,omitempty"`
	MinAvailable       string                            `json:"minAvailable,omitempty"`
	MaxUnavailable     string                            `json:"maxUnavailable,omitempty"`
	DisruptionsAllowed int32                             `json:"disruptionsAllowed"`
	ExpectedPods       int32                             `json:"expectedPods"`
	// Healthy is the number of its pods that are ready, DesiredHealthy how many
	// of them evictions leave.
	Healthy        int32 `json:"healthy,omitempty"`
	DesiredHealthy int32 `json:"desiredHealthy,omitempty"`
	// UnhealthyPods is spec.unhealthyPodEvictionPolicy; empty if not set, which is
	// IfHealthyBudget, and in recordings of earlier versions.
	UnhealthyPods string `json:"unhealthyPodEvictionPolicy,omitempty"`
	Keeper        Keeper `json:"keeper,omitempty"`
}

var (
	// Nodes are all nodes, by name.
	Nodes = kubernetes[[]Node]("nodes", list("", "nodes"))

	// NodeLeases are the times at which kubelets last renewed their leases, by node name.
	NodeLeases = kubernetes[map[string]time.Time]("node-leases", list("coordination.k8s.io", "leases"))
)

var (
	// NodeEvents are the events by which nodes turned not ready, as far as the API
	// server still has them, by node and reporter.
	NodeEvents = kubernetes[[]NodeEvent]("node-events", list("", "events")).later()

	// KubeProxies are the pods of kube-system that run kube-proxy, by node pool and
	// version. There are none where Dataplane V2 takes its place.
	KubeProxies = kubernetes[[]KubeProxy]("kube-proxies", list("", "pods")).later()
)

// NodeEvent is how often a node turned not ready, as one component reported it.
type NodeEvent struct {
	Node string `json:"node"`
	// Reporter is kubelet or node-controller; both report one and the same change.
	Reporter string `json:"reporter,omitempty"`
	Times    int32  `json:"times"`
	// First and Last are when it was reported first and last; zero where the event
	// does not say.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
}

// KubeProxy is the kube-proxies of a node pool that have one version.
type KubeProxy struct {
	// Pool is empty for nodes of none, and where nodes could not be read.
	Pool string `json:"pool,omitempty"`
	// Version is the tag of the image; empty for one named by its digest alone.
	Version string `json:"version,omitempty"`
	Pods    int32  `json:"pods"`
	// Node is the first of their nodes by name.
	Node string `json:"node,omitempty"`
}

// Node is what auto-repair and the checks look at.
type Node struct {
	Name string `json:"name"`
	// Pool and Zone are empty where the node has no such label.
	Pool          string      `json:"pool,omitempty"`
	Zone          string      `json:"zone,omitempty"`
	Kubelet       string      `json:"kubelet,omitempty"`
	Created       time.Time   `json:"created,omitzero"`
	Unschedulable bool        `json:"unschedulable,omitempty"`
	Conditions    []Condition `json:"conditions,omitempty"`
	// Labels and Taints are those that neither Kubernetes nor GKE gives to nodes.
	Labels map[string]string `json:"labels,omitempty"`
	Taints []NodeTaint       `json:"taints,omitempty"`
	// Accelerator is the type that GKE's label names, of a GPU or TPU; empty for
	// none. Devices are what the kubelet offers of them.
	Accelerator string   `json:"accelerator,omitempty"`
	Devices     []Device `json:"devices,omitempty"`
	// CPU in thousandths and Memory in bytes are what the kubelet offers to pods; zero in
	// recordings of earlier versions.
	CPU    int64 `json:"cpu,omitempty"`
	Memory int64 `json:"memory,omitempty"`
	// Operation is the annotation gke-current-operation, such as AUTO_REPAIR_NODES; empty for none.
	Operation string `json:"operation,omitempty"`
}

// Device is a kind of accelerator that a node has.
type Device struct {
	// Resource is such as nvidia.com/gpu or google.com/tpu.
	Resource string `json:"resource"`
	// Capacity is how many there are, Allocatable how many of them pods can get.
	Capacity    int64 `json:"capacity"`
	Allocatable int64 `json:"allocatable"`
}

// Condition is a condition of a node.
type Condition struct {
	Type          string    `json:"type"`
	Status        string    `json:"status"`
	Reason        string    `json:"reason,omitempty"`
	LastHeartbeat time.Time `json:"lastHeartbeat,omitzero"`
	LastChange    time.Time `json:"lastChange,omitzero"`
}
