// Package rehearsal says what is needed to make an upgrade of a recorded cluster on real
// API servers, and what the outcome means beside the forecast. It runs nothing.
package rehearsal

import (
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// An Agreement is how a rehearsal and the forecast stand to each other.
type Agreement string

const (
	// Agrees: what was foretold has happened.
	Agrees Agreement = "agrees"
	// Differs: something else has happened. One of the two is wrong.
	Differs Agreement = "differs"
	// Open: the forecast leaves open what the rehearsal has shown once.
	Open Agreement = "open"
	// Nothing: the rehearsal proves nothing, so that there is nothing to compare.
	Nothing Agreement = "proves-nothing"
)

// A Result is what came of a rehearsal.
type Result struct {
	// Name says what was changed before, such as "with the patches of fix", or what was
	// played; empty for the cluster as it was seen.
	Name string `json:"name,omitempty"`
	// From and To are the versions of kube-apiserver that were run, such as 1.35.4.
	From string `json:"from"`
	To   string `json:"to"`
	// Outcome is what became of the new replica, in the forecast's words; unknown where
	// the rehearsal proves nothing.
	Outcome forecast.Outcome `json:"outcome"`
	// Problems are why the rehearsal proves less than it could; none if nothing.
	Problems []string `json:"problems,omitempty"`
	// Control is the start of the cluster's own version once more; nil where there was none.
	Control *Start `json:"control,omitempty"`
	Start   Start  `json:"start"`
	// Lives are the runs of the replica as a kubelet restarted it, Start being the last;
	// none where it was started once.
	Lives []Life `json:"lives,omitempty"`
	// Progress says that the last life but one, or the last, made a write for good that
	// the ones before did not.
	Progress bool `json:"progress,omitempty"`
	// Writes are those of the new API server itself, by its audit log, each once.
	Writes []Write `json:"writes"`
	// Calls are what arrived at the stand-ins of the webhooks' backends.
	Calls  []Calls `json:"calls"`
	Loaded Loaded  `json:"loaded"`
	// Foretold is the forecast's outcome.
	Foretold  forecast.Outcome `json:"foretold"`
	Agreement Agreement        `json:"agreement"`
	// Differences are in what; none unless Agreement is differs.
	Differences []string `json:"differences,omitempty"`
	// Ledger says what stood in for what, and what was left out.
	Ledger []Entry `json:"ledger,omitempty"`
	// Seconds is how long it took, with what precedes a first start.
	Seconds float64 `json:"seconds"`
}

// Confirms reports whether the replica got ready, as was foretold, and nothing in the way
// of the rehearsal makes it prove less.
func (r Result) Confirms() bool {
	return r.Agreement == Agrees && !r.Outcome.Fails() && len(r.Problems) == 0
}

// A Start is what became of one process.
type Start struct {
	// State is ready, exited, or not-ready when the time was over.
	State string `json:"state"`
	// Seconds from the process's start to that.
	Seconds float64 `json:"seconds"`
	// ExitCode, Fatal and Hook are of one that exited: the line that its log ends with,
	// and the PostStartHook that the line names.
	ExitCode int    `json:"exitCode,omitempty"`
	Fatal    string `json:"fatal,omitempty"`
	Hook     string `json:"hook,omitempty"`
	// Red are the health checks that were red at the end; none if ready.
	Red []string `json:"red,omitempty"`
}

// A Life is one run of a replica that a kubelet restarts.
type Life struct {
	// Began is when, in seconds from the first life's start; the others count from its own.
	Began float64 `json:"began"`
	// State is ready, exited by itself, killed by the liveness probe, or not-ready.
	State string  `json:"state"`
	Ready float64 `json:"ready,omitempty"`
	Asked float64 `json:"askedToEnd,omitempty"`
	Gone  float64 `json:"gone,omitempty"`
	Fatal string  `json:"fatal,omitempty"`
}

// A Write is one write and what it met.
type Write struct {
	// Write is such as "update clusterroles.rbac.authorization.k8s.io system:node".
	Write string `json:"write"`
	// Tries is how often it was made, Failed how often in vain.
	Tries  int `json:"tries"`
	Failed int `json:"failed,omitempty"`
	// Failing says that the last try failed too. Code and Message are of the last answer
	// that was no success.
	Failing bool   `json:"failing,omitempty"`
	Code    int32  `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

// Calls are those of one webhook that were answered alike.
type Calls struct {
	admission.Culprit
	Answer string `json:"answer"`
	Calls  int    `json:"calls"`
	// Assumed says that nobody had seen the answer.
	Assumed bool `json:"assumed,omitempty"`
}

// Loaded is what became of the recording's objects.
type Loaded struct {
	Objects int `json:"objects"`
	// Rejected are those that the API server did not take, with its words.
	Rejected []string `json:"rejected,omitempty"`
	Seconds  float64  `json:"seconds"`
}

// An Entry is a line of the ledger of fidelity.
type Entry struct {
	// What is the thing, Stood what took its place; empty if nothing did.
	What  string `json:"what"`
	Stood string `json:"stood,omitempty"`
}
