package watch

import (
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/outage"
)

// Schema names the format of an [Event]; fields are only ever added to it.
const Schema = "gke-preflight/watch/v1"

// A Kind is what an event is about.
type Kind string

const (
	// Foretold: the forecast is known, or can't be had.
	Foretold Kind = "foretold"
	// Upgrade: the operation begins, moves on or ends.
	Upgrade Kind = "upgrade"
	// Replica: an API server appears, is replaced, gets ready or does not.
	Replica Kind = "replica"
	// Webhook: API servers can't call a webhook.
	Webhook Kind = "webhook"
	// Node: nodes fall silent, are not ready, or are repaired.
	Node Kind = "node"
	// Chain: something that was foretold has begun.
	Chain Kind = "chain"
	// Blind: a source can't be looked at, or can again.
	Blind Kind = "blind"
	// End: the watch is over.
	End Kind = "end"
)

// An Event is one line of what a watch says.
type Event struct {
	Schema string    `json:"schema"`
	At     time.Time `json:"at"`
	Kind   Kind      `json:"kind"`
	// Alarm says that somebody should act.
	Alarm bool   `json:"alarm,omitempty"`
	Text  string `json:"text"`
	// Hook is the PostStartHook of a chain, Lifeline what the cluster lives by;
	// one of the two is empty.
	Hook     string `json:"hook,omitempty"`
	Lifeline string `json:"lifeline,omitempty"`
	// Culprits are the webhooks and policies to blame.
	Culprits []Culprit `json:"culprits,omitempty"`
	// Stop are the commands that help.
	Stop []outage.Stop `json:"stop,omitempty"`
	// Outcome is how it ended; empty before [End].
	Outcome Outcome `json:"outcome,omitempty"`
}

// A Culprit is a webhook or policy, and what its backend was found to do.
type Culprit struct {
	admission.Culprit
	Says string `json:"says"`
}

// An Outcome is how the upgrade ended.
type Outcome string

const (
	// Succeeded: the operation is done, or the target serves everywhere.
	Succeeded Outcome = "succeeded"
	// Failed: the operation has failed, or a foretold chain has begun and the end
	// of it was not seen.
	Failed Outcome = "failed"
	// Unknown: how it ended was not to be seen.
	Unknown Outcome = "unknown"
)

// ExitCode returns the process's exit code for o.
func (o Outcome) ExitCode() int {
	switch o {
	case Succeeded:
		return preflight.ExitReady
	case Failed:
		return preflight.ExitNotReady
	case Unknown:
	}
	return preflight.ExitInconclusive
}
