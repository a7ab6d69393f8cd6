package whatif

import (
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// Schema names the format of [Result]; fields are only ever added to it.
const Schema = "gke-preflight/whatif/v1"

// A Verdict is how far the cluster is from a crash-loop.
type Verdict string

const (
	// Robust: nothing is lost by any set of events that was tried.
	Robust Verdict = "robust"
	// Tolerant: no single event of those in the model loses anything; two at the same
	// time do.
	Tolerant Verdict = "tolerant"
	// Exposed: no single event takes the control plane or all nodes down, but one is
	// enough to lose something else, or something is lost with no event at all.
	Exposed Verdict = "exposed"
	// Endangered: one event is enough, or none is needed.
	Endangered Verdict = "endangered"
	// Undecided: nothing was found, and something that it hangs on could not be read.
	Undecided Verdict = "undecided"
)

// A Result is the outcome of the search.
type Result struct {
	Schema  string        `json:"schema"`
	Verdict Verdict       `json:"verdict"`
	Cluster facts.Cluster `json:"cluster"`
	// TargetVersion is empty if none was asked for and none is known.
	TargetVersion string    `json:"targetVersion"`
	CollectedAt   time.Time `json:"collectedAt"`
	// AsOf is the time that certificates and the age of what was seen count to.
	AsOf time.Time `json:"asOf,omitzero"`
	// Already is what fails with no event at all.
	Already []Harm `json:"already"`
	// Risks are the backends whose loss does harm, the gravest first.
	Risks []Risk `json:"risks"`
	// Tried is how many sets of events were tried, of at most Largest events each.
	Tried   int `json:"tried"`
	Largest int `json:"largest"`
	// Complete is false where the search was given up before its end; what was
	// not tried is then not known to be harmless.
	Complete bool `json:"complete"`
	// Until is when a certificate must still be valid, and UntilReason why then.
	Until       time.Time `json:"until,omitzero"`
	UntilReason string    `json:"untilReason,omitempty"`
	// Gaps say what could not be looked at, and why.
	Gaps []string `json:"gaps"`
	// Upgrades are those of node pools that take a backend away for good, or may.
	Upgrades []Upgrade `json:"-"`
}

// A Harm is a PostStartHook that fails, or something else that the cluster
// lives by and loses.
type Harm struct {
	// Hook is the PostStartHook; empty for a lifeline.
	Hook string `json:"hook,omitempty"`
	// Outcome is that of the hook, or lost.
	Outcome string `json:"outcome"`
	// Lifeline is the name of the line; empty for a hook.
	Lifeline string `json:"lifeline,omitempty"`
	// Grave says that the control plane fails with it, or all nodes do: every
	// hook, heartbeats and elections, and the network of new nodes where none is left.
	Grave bool `json:"grave"`
	// Namespace is that of the pods of the line; empty for all others.
	Namespace string `json:"namespace,omitempty"`
	// ExitsAfterSeconds is absent unless the process exits.
	ExitsAfterSeconds *forecast.Seconds `json:"exitsAfterSeconds,omitempty"`
}

// Webhook names a webhook.
type Webhook struct {
	Kind   string `json:"kind"`
	Config string `json:"config"`
	Name   string `json:"name"`
}

// A Place is where one ready endpoint runs. What is not known is empty.
type Place struct {
	Address string `json:"address"`
	Pod     string `json:"pod,omitempty"`
	Node    string `json:"node,omitempty"`
	Zone    string `json:"zone,omitempty"`
	Pool    string `json:"pool,omitempty"`
}

// A Risk is a backend, with the smallest sets of events that do harm by its loss.
type Risk struct {
	// Backend is namespace/service:port, or a URL.
	Backend string `json:"backend"`
	// Webhooks are those that call it and fail closed on what the harm is done to.
	Webhooks []Webhook `json:"webhooks"`
	// Endpoints are its ready endpoints; empty for a URL.
	Endpoints []Place `json:"endpoints,omitempty"`
	// Size is the number of events in each scenario.
	Size      int        `json:"size"`
	Scenarios []Scenario `json:"scenarios"`
}

// Kind is a kind of event.
type Kind string

const (
	// PoolUpgrade: a node pool is upgraded, with its own settings.
	PoolUpgrade Kind = "pool-upgrade"
	// Expiry: a serving certificate, or the CA in a caBundle, expires.
	Expiry Kind = "expiry"
	// PodLoss: a pod fails, or is evicted.
	PodLoss Kind = "pod"
	// NodeLoss: a node fails, is drained, preempted or repaired.
	NodeLoss Kind = "node"
	// ZoneLoss: all nodes of a zone fail.
	ZoneLoss Kind = "zone"
)

// An Event is one thing that may happen.
type Event struct {
	Kind Kind `json:"kind"`
	// Name is that of the pod as namespace/name, of the node, zone or pool, or of
	// what the certificate belongs to.
	Name string `json:"name"`
	// At is when the certificate expires; zero for other events.
	At time.Time `json:"at,omitzero"`
}

// A Scenario is a smallest set of events: none of them can be left out.
type Scenario struct {
	Events []Event `json:"events"`
	// Steps are what leads from the events to the harm, in order.
	Steps []string `json:"steps"`
	// Lasts says until when the harm lasts, in words.
	Lasts string `json:"lasts"`
	// ForGood says that nothing in the cluster ends it.
	ForGood bool `json:"forGood"`
	// Harms is what fails that does not without the events.
	Harms []Harm `json:"harms"`
}

// Grave reports whether a scenario of r takes the control plane or all nodes down.
func (r Risk) Grave() bool {
	for _, s := range r.Scenarios {
		if s.Grave() {
			return true
		}
	}
	return false
}

// Grave reports whether it takes the control plane or all nodes down.
func (s Scenario) Grave() bool {
	for _, h := range s.Harms {
		if h.Grave {
			return true
		}
	}
	return false
}
