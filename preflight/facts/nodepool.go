package facts

import "time"

// NodePool is the part of containerpb.NodePool that the checks read.
type NodePool struct {
	Name        string            `json:"name"`
	Version     string            `json:"version"`
	Status      string            `json:"status"`
	Conditions  []StatusCondition `json:"conditions,omitempty"`
	AutoRepair  bool              `json:"autoRepair"`
	AutoUpgrade bool              `json:"autoUpgrade"`
	// AutoUpgradeStart is set where GKE is about to upgrade the pool by itself.
	AutoUpgradeStart string   `json:"autoUpgradeStart,omitempty"`
	Locations        []string `json:"locations,omitempty"`
	// BlueGreenPhase is set while a blue-green upgrade runs.
	BlueGreenPhase string          `json:"blueGreenPhase,omitempty"`
	Upgrade        UpgradeSettings `json:"upgrade,omitzero"`
	// Template is what a new node of the pool is made from.
	Template NodeTemplate `json:"template,omitzero"`
	// Autoscaling is zero for a pool that is not autoscaled.
	Autoscaling Autoscaling  `json:"autoscaling,omitzero"`
	Pods        PodAddresses `json:"pods,omitzero"`
	// BootstrapCertificate is what a new node proves itself with at its first start.
	BootstrapCertificate BootstrapCertificate `json:"bootstrapCertificate,omitzero"`
	// Exclusion is set for a pool that GKE does not upgrade by itself until the
	// end of its version's support.
	Exclusion *Period `json:"exclusion,omitempty"`
}

// UpgradeSettings say how many nodes of a pool an upgrade takes at a time. The
// zero value means that the API told none.
type UpgradeSettings struct {
	// Strategy is SURGE, BLUE_GREEN or another that the API knows; empty means SURGE.
	Strategy string `json:"strategy,omitempty"`
	// MaxSurge nodes are added first; as many and MaxUnavailable more are then
	// replaced at the same time.
	MaxSurge       int32 `json:"maxSurge,omitempty"`
	MaxUnavailable int32 `json:"maxUnavailable,omitempty"`
	// BatchNodes or BatchShare, of 1 for all, is what a blue-green upgrade drains
	// at a time; both are zero where that is not told.
	BatchNodes int32   `json:"batchNodes,omitempty"`
	BatchShare float32 `json:"batchShare,omitempty"`
	// BatchSoakSeconds pass between batches, PoolSoakSeconds before the old nodes
	// of a blue-green upgrade are deleted; nil means as GKE presets it.
	BatchSoakSeconds *int64 `json:"batchSoakSeconds,omitempty"`
	PoolSoakSeconds  *int64 `json:"poolSoakSeconds,omitempty"`
	// CordonSeconds pass in a blue-green upgrade that leaves the draining to the
	// autoscaler, between cordoning and draining; nil for any other.
	CordonSeconds *int64 `json:"cordonSeconds,omitempty"`
	// DrainSeconds is how long a drain waits for disruption budgets; nil means an hour.
	DrainSeconds *int64 `json:"drainSeconds,omitempty"`
	// GraceSeconds is how long a drain lets a Pod take to end, whatever the Pod
	// asks for; nil means that the pool does not say.
	GraceSeconds *int64 `json:"graceSeconds,omitempty"`
	// DeletionKeepsBudgets says that deleting the pool heeds disruption budgets.
	DeletionKeepsBudgets bool `json:"deletionKeepsBudgets,omitempty"`
}

// NodeTemplate is what the nodes of a pool are made from. The zero value means
// that it was not recorded.
type NodeTemplate struct {
	MachineType string `json:"machineType,omitempty"`
	ImageType   string `json:"imageType,omitempty"`
	// CgroupMode is the mode that the nodes run in, V1 or V2, or as the API names another
	// one; empty for Windows, and where it was not recorded. CgroupPin is the mode that the
	// pool asks for; empty for GKE's own choice.
	CgroupMode string `json:"cgroupMode,omitempty"`
	CgroupPin  string `json:"cgroupPin,omitempty"`
	// Windows is the version that the API tells of a pool of Windows nodes, such as
	// LTSC2022; empty where it tells none, for Linux, and where it was not recorded.
	Windows string `json:"windows,omitempty"`
	// Spot holds for spot and for preemptible nodes.
	Spot bool `json:"spot,omitempty"`
	// FlexStart holds for nodes that come when there is capacity, and
	// QueuedProvisioning for those that come all at once or not at all.
	FlexStart          bool `json:"flexStart,omitempty"`
	QueuedProvisioning bool `json:"queuedProvisioning,omitempty"`
	// Accelerators are types with their number on each node, such as nvidia-l4.
	Accelerators map[string]int64 `json:"accelerators,omitempty"`
	// TPUTopology is set for nodes that are replaced as a whole, such as 2x2x4.
	TPUTopology string `json:"tpuTopology,omitempty"`
	// LocalSSDs is how many are asked for on each node; some machine types have
	// theirs without being asked.
	LocalSSDs int32 `json:"localSSDs,omitempty"`
	// DiskType is that of the boot disk, such as pd-balanced, and DiskGB its size;
	// empty and zero where that is not told.
	DiskType string `json:"diskType,omitempty"`
	DiskGB   int64  `json:"diskGB,omitempty"`
	// Private holds for nodes that have no address on the internet.
	Private bool `json:"private,omitempty"`
	// Compact holds for nodes that must be close to each other.
	Compact bool `json:"compact,omitempty"`
	// MaxRunSeconds is after how long a node is deleted; zero for never.
	MaxRunSeconds int64 `json:"maxRunSeconds,omitempty"`
	// Labels and Taints are those that GKE gives every node of the pool.
	Labels map[string]string `json:"labels,omitempty"`
	Taints []NodeTaint       `json:"taints,omitempty"`
}

// NodeTaint is a taint. Effect is as the Kubernetes API writes it, such as
// NoSchedule, or as the GKE API does where this version does not know it.
type NodeTaint struct {
	Key    string `json:"key"`
	Value  string `json:"value,omitempty"`
	Effect string `json:"effect"`
}

// Autoscaling bounds the number of nodes of a pool. Either Min and Max are set,
// for each location, or TotalMin and TotalMax, for all of them together.
type Autoscaling struct {
	Enabled  bool  `json:"enabled"`
	Min      int32 `json:"min,omitempty"`
	Max      int32 `json:"max,omitempty"`
	TotalMin int32 `json:"totalMin,omitempty"`
	TotalMax int32 `json:"totalMax,omitempty"`
	// Autoprovisioned holds for a pool that the autoscaler made and may delete.
	Autoprovisioned bool `json:"autoprovisioned,omitempty"`
	// LocationPolicy is BALANCED, ANY or empty.
	LocationPolicy string `json:"locationPolicy,omitempty"`
}

// PodAddresses say where the Pods of a pool get their addresses from.
type PodAddresses struct {
	// Range is the name of the secondary range; empty for the cluster's own.
	Range string `json:"range,omitempty"`
	// Prefix is the length of the block that each node takes from it: 24 means
	// 256 addresses. Zero where that is not told.
	Prefix int32 `json:"prefix,omitempty"`
	// PerNode is how many Pods a node may have; zero where that is not told.
	PerNode int64 `json:"perNode,omitempty"`
	// Utilization is the share of Range that nodes have taken, 1 for all of it;
	// zero where that is not told. Other clusters' nodes in the same range count.
	Utilization float64 `json:"utilization,omitempty"`
}

// BootstrapCertificate says when the certificate ends with which a new node asks
// for its own. Times are zero where they are not told.
type BootstrapCertificate struct {
	// TPM is of nodes that prove themselves by their virtual TPM, NonTPM of others.
	TPM    time.Time `json:"tpm,omitzero"`
	NonTPM time.Time `json:"nonTPM,omitzero"`
}

// Period is a time from Start to End; a zero End is not known.
type Period struct {
	Start time.Time `json:"start,omitzero"`
	End   time.Time `json:"end,omitzero"`
}
