package facts

import "time"

// What the GKE API says. Enumerations keep the API's names; one that this
// version does not know is its number.
var (
	// GKECluster is the cluster as GetCluster returns it.
	GKECluster = gke[ClusterConfig]("gke-cluster", "container.clusters.get")

	// GKENodePools are the cluster's node pools, by name.
	GKENodePools = gke[[]NodePool]("gke-node-pools", "container.clusters.get")

	// GKEServerConfig are the versions on offer in the cluster's location.
	GKEServerConfig = gke[ServerConfig]("gke-server-config", "container.clusters.list")

	// GKEOperations are the cluster's operations that the API still lists, newest first.
	GKEOperations = gke[[]Operation]("gke-operations", "container.operations.list")

	// GKEUpgradeInfo is what FetchClusterUpgradeInfo tells of the control plane.
	GKEUpgradeInfo = gke[UpgradeInfo]("gke-upgrade-info", "container.clusters.get")

	// GKENodePoolUpgradeInfo is what FetchNodePoolUpgradeInfo tells, by node pool.
	GKENodePoolUpgradeInfo = gke[map[string]UpgradeInfo]("gke-node-pool-upgrade-info", "container.clusters.get")
)

// ClusterConfig is the part of containerpb.Cluster that the checks read.
type ClusterConfig struct {
	Name      string   `json:"name"`
	Location  string   `json:"location"`
	Locations []string `json:"locations,omitempty"`
	// Endpoint is the control plane's address; PrivateEndpoint and DNSEndpoint are empty if there are none.
	Endpoint        string `json:"endpoint,omitempty"`
	PrivateEndpoint string `json:"privateEndpoint,omitempty"`
	DNSEndpoint     string `json:"dnsEndpoint,omitempty"`
	Status          string `json:"status"`
	Version         string `json:"version"`
	// EmulatedVersion is set while the control plane is in its soak period.
	EmulatedVersion string            `json:"emulatedVersion,omitempty"`
	Channel         string            `json:"channel,omitempty"`
	Autopilot       bool              `json:"autopilot,omitempty"`
	Alpha           bool              `json:"alpha,omitempty"`
	Conditions      []StatusCondition `json:"conditions,omitempty"`
	// Maintenance is zero for a cluster without a maintenance window.
	Maintenance MaintenanceWindow `json:"maintenance,omitzero"`
}

// StatusCondition is a condition of a cluster or node pool.
type StatusCondition struct {
	Code    string `json:"code"`
	Message string `json:"message,omitempty"`
}

// ServerConfig are the versions that GKE offers.
type ServerConfig struct {
	DefaultVersion string   `json:"defaultVersion,omitempty"`
	MasterVersions []string `json:"masterVersions,omitempty"`
	// NodeVersions are those that node pools can have; empty where that was not told.
	NodeVersions []string  `json:"nodeVersions,omitempty"`
	Channels     []Channel `json:"channels,omitempty"`
	// ImageTypes are those that nodes can be made of; empty where that was not told, or
	// not recorded.
	ImageTypes []string `json:"imageTypes,omitempty"`
}

// Channel is a release channel.
type Channel struct {
	Name           string   `json:"name"`
	DefaultVersion string   `json:"defaultVersion,omitempty"`
	Versions       []string `json:"versions,omitempty"`
	UpgradeTarget  string   `json:"upgradeTarget,omitempty"`
}

// Operation is an operation on the cluster or on one of its node pools or nodes.
type Operation struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Status string `json:"status"`
	// Target is what follows the cluster's name in the operation's target link,
	// such as nodePools/default-pool; empty for the cluster itself.
	Target string    `json:"target,omitempty"`
	Start  time.Time `json:"start,omitzero"`
	// End is zero while the operation runs.
	End time.Time `json:"end,omitzero"`
	// Error is empty for an operation that succeeded or still runs.
	Error string `json:"error,omitempty"`
	// Detail says in GKE's words how far one has come that still runs.
	Detail string `json:"detail,omitempty"`
}

// UpgradeInfo is what GKE says of automatic upgrades and of those in the past.
type UpgradeInfo struct {
	MinorTarget   string    `json:"minorTarget,omitempty"`
	PatchTarget   string    `json:"patchTarget,omitempty"`
	AutoUpgrade   []string  `json:"autoUpgrade,omitempty"`
	PausedReasons []string  `json:"pausedReasons,omitempty"`
	EndOfStandard string    `json:"endOfStandardSupport,omitempty"`
	EndOfExtended string    `json:"endOfExtendedSupport,omitempty"`
	History       []Upgrade `json:"history,omitempty"`
	// Rollback is set while the control plane can go back from the first step of
	// a two-step upgrade; nil for a node pool.
	Rollback *Rollback `json:"rollback,omitempty"`
}

// Rollback is how a two-step upgrade of the control plane can be undone.
type Rollback struct {
	// Mode is KCP_MINOR_UPGRADE_ROLLBACK_SAFE_MODE, or the number of one that this
	// version does not know.
	Mode string `json:"mode"`
	// Until is when the soak period ends; zero where that is not told.
	Until time.Time `json:"until,omitzero"`
	// Previous is the version before the first step.
	Previous string `json:"previous,omitempty"`
}

// Upgrade is one upgrade in the past or under way.
type Upgrade struct {
	State string    `json:"state"`
	From  string    `json:"from"`
	To    string    `json:"to"`
	Start time.Time `json:"start,omitzero"`
	End   time.Time `json:"end,omitzero"`
	// StartType is AUTOMATIC or MANUAL.
	StartType string `json:"startType,omitempty"`
	// FromEmulated and ToEmulated are the minors emulated before and after; empty
	// for none. They tell the steps of a two-step upgrade apart.
	FromEmulated string `json:"fromEmulated,omitempty"`
	ToEmulated   string `json:"toEmulated,omitempty"`
}
