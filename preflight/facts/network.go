package facts

import (
	networkingv1 "k8s.io/api/networking/v1"
)

var (
	// NetworkPolicies are those of the namespaces in which the Services are that
	// webhooks call, and of kube-system.
	NetworkPolicies = kubernetes[[]NetworkPolicy]("network-policies", list("networking.k8s.io", "networkpolicies")).later()

	// OtherNetworkPolicies are the names of policies of kinds that are not
	// evaluated, of all namespaces.
	OtherNetworkPolicies = kubernetes[[]OtherNetworkPolicy]("other-network-policies",
		list("cilium.io", "ciliumclusterwidenetworkpolicies", "ciliumnetworkpolicies"),
		list("policy.networking.k8s.io", "adminnetworkpolicies", "baselineadminnetworkpolicies", "clusternetworkpolicies"),
		list("networking.gke.io", "fqdnnetworkpolicies")).later()

	// KonnectivityAgents are the pods of kube-system with the label
	// k8s-app=konnectivity-agent: through them the control plane's calls enter the
	// cluster. None means that it calls the nodes' network itself.
	KonnectivityAgents = kubernetes[[]Pod]("konnectivity-agents", list("", "pods")).later()

	// GKENetwork is what GetCluster tells of the road from the control plane to Pods.
	GKENetwork = gke[ClusterNetwork]("gke-network", "container.clusters.get").later()

	// GKEFirewall are the ingress rules of the cluster's VPC network that are in
	// force, by priority and name. Firewall policies are not among them.
	GKEFirewall = gke[[]FirewallRule]("gke-firewall", "compute.firewalls.list").later()

	// GKEQuotas are the quotas of the cluster's region in its project that nodes
	// draw on. Those that are kept for each family of machines, such as C4, or for
	// all regions together are not among them.
	GKEQuotas = gke[RegionQuotas]("gke-quotas", "compute.regions.get").later()
)

// RegionQuotas are the quotas of one region, by metric.
type RegionQuotas struct {
	Region string  `json:"region"`
	Quotas []Quota `json:"quotas"`
}

// Quota is how much there may be of something.
type Quota struct {
	// Metric is as Compute names it (google.golang.org/api/compute/v1, Quota), such
	// as N2_CPUS or SSD_TOTAL_GB.
	Metric string  `json:"metric"`
	Limit  float64 `json:"limit"`
	// Usage is how much of it is taken, reservations included.
	Usage float64 `json:"usage"`
}

// FirewallRule is an ingress rule of a VPC network.
type FirewallRule struct {
	Name string `json:"name"`
	// Priority is from 0, the first, to 65535.
	Priority int64 `json:"priority"`
	Deny     bool  `json:"deny,omitempty"`
	// Ports are such as tcp:443, tcp:8000-9000, udp or all.
	Ports []string `json:"ports,omitempty"`
	// Sources are address ranges; a rule whose sources are tags or service accounts has none.
	Sources []string `json:"sources,omitempty"`
	// TargetTags and TargetAccounts say which machines it is for; all if both are empty.
	TargetTags     []string `json:"targetTags,omitempty"`
	TargetAccounts []string `json:"targetAccounts,omitempty"`
}

// NetworkPolicy is a NetworkPolicy of networking.k8s.io/v1.
type NetworkPolicy struct {
	Namespace string                         `json:"namespace"`
	Name      string                         `json:"name"`
	Spec      networkingv1.NetworkPolicySpec `json:"spec"`
}

// OtherNetworkPolicy is the name of a policy of another kind.
type OtherNetworkPolicy struct {
	// Resource is the plural name with its group, such as ciliumnetworkpolicies.cilium.io.
	Resource string `json:"resource"`
	// Namespace is empty for one of the whole cluster.
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// ClusterNetwork is another part of containerpb.Cluster that the checks read.
type ClusterNetwork struct {
	// Network is such as projects/acme/global/networks/default; its project is the
	// host project where the VPC is shared.
	Network string `json:"network,omitempty"`
	// Datapath is ADVANCED_DATAPATH for Dataplane V2; empty or LEGACY_DATAPATH for
	// none; a number for one that this version does not know.
	Datapath string `json:"datapath,omitempty"`
	// NetworkPolicy says that NetworkPolicies are enforced without Dataplane V2.
	NetworkPolicy bool `json:"networkPolicy,omitempty"`
	// Egress is NONE where the control plane reaches no address outside the
	// cluster, VIA_CONTROL_PLANE or empty where it does, or the number of a mode
	// that this version does not know.
	Egress string `json:"egress,omitempty"`
	// ControlPlaneRange holds the control plane's addresses, such as
	// 172.16.0.0/28; empty where the API tells none.
	ControlPlaneRange string `json:"controlPlaneRange,omitempty"`
	// Peering is the name of the VPC peering of an older private cluster; empty
	// for none.
	Peering string `json:"peering,omitempty"`
}
