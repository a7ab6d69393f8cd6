package facts

import "time"

// GKESettings is what GetCluster tells of the cluster's upkeep: what GKE may do
// to it by itself, and what its credentials and addresses are good for.
var GKESettings = gke[ClusterSettings]("gke-settings", "container.clusters.get").later()

// ClusterSettings is another part of containerpb.Cluster that the checks read.
type ClusterSettings struct {
	// Exclusions are the times in which GKE holds back upgrades that it makes by
	// itself, by name. An upgrade by hand does not heed them.
	Exclusions []Exclusion `json:"exclusions,omitempty"`
	// Notifications say whether GKE tells of upgrades.
	Notifications Notifications `json:"notifications"`
	// CANotAfter is when each certificate of the bundle ends by which clients know
	// the control plane; zero for one that can't be read. More than one means that
	// a rotation of credentials is not complete.
	CANotAfter []time.Time `json:"caNotAfter,omitempty"`
	// Secrets says how Secrets are encrypted in etcd.
	Secrets SecretsEncryption `json:"secrets"`
	// Expires is when GKE deletes the cluster, as it does with alpha clusters;
	// zero for never.
	Expires time.Time `json:"expires,omitzero"`
	// SoakSeconds is how long upgrades of the control plane soak before their
	// second step; nil where they go in one step.
	SoakSeconds *int64 `json:"soakSeconds,omitempty"`
	// PodRanges are the ranges that Pods get their addresses from, the cluster's
	// own first; it has an empty name where the API tells none.
	PodRanges []AddressRange `json:"podRanges,omitempty"`
	// NoUnsafeWebhooks is the cluster policy of that name, by which GKE keeps users'
	// webhooks out of the namespaces that it manages; on Autopilot it does so anyway.
	NoUnsafeWebhooks bool `json:"noUnsafeWebhooks,omitempty"`
	// NoSystemMutation and NoSystemImpersonation are the cluster policies of these names, by
	// which GKE refuses writes to what it manages, and to act as a user of the system; false
	// where they are off, or were not recorded.
	NoSystemMutation      bool `json:"noSystemMutation,omitempty"`
	NoSystemImpersonation bool `json:"noSystemImpersonation,omitempty"`
	// BetaAPIs are the APIs that are turned on beyond GKE's own, such as
	// networking.k8s.io/v1beta1/servicecidrs; none where there are none, or where they were
	// not recorded.
	BetaAPIs []string `json:"betaAPIs,omitempty"`
}

// Exclusion is a maintenance exclusion.
type Exclusion struct {
	Name string `json:"name"`
	Period
	// Scope is NO_UPGRADES, NO_MINOR_UPGRADES, NO_MINOR_OR_NODE_UPGRADES, or the
	// number of one that this version does not know.
	Scope string `json:"scope"`
	// UntilEndOfSupport says that the end moves with the version's support.
	UntilEndOfSupport bool `json:"untilEndOfSupport,omitempty"`
}

// Notifications say what GKE publishes to Pub/Sub.
type Notifications struct {
	Enabled bool `json:"enabled"`
	// Events are those chosen, such as UPGRADE_EVENT; none for all.
	Events []string `json:"events,omitempty"`
}

// SecretsEncryption is the encryption of Secrets by a key of Cloud KMS.
type SecretsEncryption struct {
	// State is the current one, such as CURRENT_STATE_ENCRYPTED; empty where the
	// API tells none.
	State string `json:"state,omitempty"`
	// Key is the name of the key; empty for none.
	Key    string     `json:"key,omitempty"`
	Errors []KeyError `json:"errors,omitempty"`
}

// KeyError is what went wrong with a key.
type KeyError struct {
	Key     string    `json:"key,omitempty"`
	Message string    `json:"message"`
	Time    time.Time `json:"time,omitzero"`
}

// AddressRange is a secondary range of the cluster's network.
type AddressRange struct {
	Name string `json:"name,omitempty"`
	// Block is the range itself, such as 10.4.0.0/14; empty where it is not told.
	Block string `json:"block,omitempty"`
	// Utilization is as in [PodAddresses].
	Utilization float64 `json:"utilization,omitempty"`
}
