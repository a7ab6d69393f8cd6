package watch

import (
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A Source is where observations come from.
type Source string

const (
	// Forecast is a look at the whole cluster, or an earlier report.
	Forecast Source = "forecast"
	// Operations are those that the GKE API tells of.
	Operations Source = "operations"
	// API is a visit to the API server over a connection of its own.
	API Source = "api"
	// Leases are those by which API servers make themselves known in kube-system.
	Leases Source = "leases"
	// Nodes are the nodes and their leases.
	Nodes Source = "nodes"
	// Begun is the watch itself, at its beginning, and Ended at its end before that of
	// the upgrade. Recordings of earlier versions have neither.
	Begun Source = "begun"
	Ended Source = "ended"
)

// An Observation is what one source told at one moment. Of Report, Operations,
// Visit, Leases and Nodes the one that belongs to the source is set, unless Error
// says why it could not be looked at: that is not the same as that all is well.
type Observation struct {
	At     time.Time `json:"at"`
	Source Source    `json:"source"`
	Error  string    `json:"error,omitempty"`

	Report     *preflight.Report `json:"report,omitempty"`
	Operations []Operation       `json:"operations,omitempty"`
	Visit      *Visit            `json:"visit,omitempty"`
	Leases     []Lease           `json:"leases,omitempty"`
	Nodes      *NodesSeen        `json:"nodes,omitempty"`

	// Options are what was chosen, of Begun.
	Options *Options `json:"options,omitempty"`
	// Why says what ended the watch, of Ended.
	Why string `json:"why,omitempty"`
}

// An Operation is one of the cluster's, with how far it has come.
type Operation struct {
	facts.Operation
	// Progress are its stages and metrics in words; empty where GKE tells none.
	Progress []string `json:"progress,omitempty"`
}

// A Visit is what one API server told over one connection: of several behind a
// load balancer it is any one.
type Visit struct {
	// Version is what /version says.
	Version string `json:"version"`
	// Red are the checks that /readyz lists as failed; none for a server that is ready.
	Red []string `json:"red,omitempty"`
	// Ready says that /readyz answered 200.
	Ready bool `json:"ready"`
	// Milliseconds is how long /readyz took.
	Milliseconds int64 `json:"ms"`
	// Metrics is nil if the server was not asked for them, or did not tell;
	// MetricsError then says why.
	Metrics      *facts.Metrics `json:"metrics,omitempty"`
	MetricsError string         `json:"metricsError,omitempty"`
}

// A Lease is that of one API server in kube-system.
type Lease struct {
	Name string `json:"name"`
	// Host is the host name in its label; empty if it has none.
	Host string `json:"host,omitempty"`
	// Holder is another one after each start of the process (kubernetes
	// pkg/controlplane/apiserver/server.go).
	Holder  string    `json:"holder"`
	Renewed time.Time `json:"renewed,omitzero"`
}

// NodesSeen are the nodes.
type NodesSeen struct {
	Total int `json:"total"`
	// NotReady are the nodes that are not ready, Repairing those that GKE says it
	// repairs, by name.
	NotReady  []string `json:"notReady,omitempty"`
	Repairing []string `json:"repairing,omitempty"`
	// Renewed is when each node last renewed its lease, by name.
	Renewed map[string]time.Time `json:"renewed,omitempty"`
	// Pools are when each node was made, by its node pool; nil in recordings of earlier
	// versions.
	Pools map[string][]time.Time `json:"pools,omitempty"`
}
