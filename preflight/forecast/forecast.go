// Package forecast foretells what becomes of a new control-plane replica, and
// of the nodes with it, from the writes it would make and from what the
// backends in their way answered.
package forecast

import "github.com/gke-preflight/gke-preflight/preflight/admission"

// An Outcome is what becomes of the new replica, or of one PostStartHook.
type Outcome string

const (
	// Ready: as usual.
	Ready Outcome = "ready"
	// Degraded: ready, while a write in the background keeps failing. The seconds
	// say whether it may be later than usual.
	Degraded Outcome = "degraded"
	// Delayed: ready, but later than usual, or perhaps later: see AtBest.
	Delayed Outcome = "delayed"
	// Unknown: what was seen does not decide it.
	Unknown Outcome = "unknown"
	// NeverReady: the process runs on, and a health check stays red.
	NeverReady Outcome = "never-ready"
	// CrashLoop: the process exits because a PostStartHook failed, at every start.
	CrashLoop Outcome = "crash-loop"
)

// outcomes are in the order of how bad they are.
var outcomes = []Outcome{Ready, Degraded, Delayed, Unknown, NeverReady, CrashLoop}

// Fails reports whether the replica does not get ready for good.
func (o Outcome) Fails() bool { return o == NeverReady || o == CrashLoop }

// A Forecast is what an upgrade started now would do.
type Forecast struct {
	ControlPlane ControlPlane `json:"controlPlane"`
	// Lifelines are what the cluster lives by beside the control plane's start.
	Lifelines []Lifeline `json:"lifelines"`
	Nodes     Nodes      `json:"nodes"`
}

// Seconds is a range, counted from the start of the process.
type Seconds struct {
	Min float64 `json:"min"`
	Max float64 `json:"max"`
}

// ControlPlane is what becomes of the new replica.
type ControlPlane struct {
	Outcome Outcome `json:"outcome"`
	// AtBest is ready if the outcome is delayed and the replica may as well be
	// ready as usual: that depends on what can't be seen beforehand, such as its
	// host name. ReadyAfterSeconds then covers both. Empty otherwise.
	AtBest Outcome `json:"atBest,omitempty"`
	// Problem says why it could not be foretold, such as a target that the catalogue
	// does not hold; empty otherwise. Hooks may then be those of which a part is
	// known, and the outcome one that does not depend on the rest.
	Problem string `json:"problem,omitempty"`
	// CoveredTarget is the newest step that could be foretold instead, such as 1.37;
	// empty unless Problem is that the target is too new.
	CoveredTarget string `json:"coveredTarget,omitempty"`
	// ReadyAfterSeconds is absent unless the replica gets ready.
	ReadyAfterSeconds *Seconds `json:"readyAfterSeconds,omitempty"`
	// ExitsAfterSeconds is absent unless the process exits.
	ExitsAfterSeconds *Seconds `json:"exitsAfterSeconds,omitempty"`
	// UnderKubelet is what a kubelet with the liveness probe of GCE's manifest makes of
	// the replica; absent where that hangs on whether a hook fails, which is not known.
	UnderKubelet *UnderKubelet `json:"underKubelet,omitempty"`
	// Notes are circumstances that the outcome depends on, such as a liveness
	// probe that would end a delayed replica.
	Notes []string `json:"notes,omitempty"`
	// Possible is what may come of a start by the draw of an endpoint, the best first;
	// absent where nothing is drawn, or something else is not known.
	Possible []Possibility `json:"possible,omitempty"`
	Hooks    []Hook        `json:"hooks"`
}

// Punctual reports whether a replica that gets ready does so as usual, as far as
// can be told: nothing holds it up by more than starts differ anyway.
func (cp ControlPlane) Punctual() bool {
	return cp.ReadyAfterSeconds == nil || cp.ReadyAfterSeconds.Max < (usualMax+slowHook).Seconds()
}

// Hook is what becomes of one PostStartHook.
type Hook struct {
	Name    string  `json:"name"`
	Outcome Outcome `json:"outcome"`
	// AtBest is ready if the outcome is delayed and the hook may as well be ready
	// as usual, where a write with a Condition does not happen; empty otherwise.
	AtBest Outcome `json:"atBest,omitempty"`
	// AtWorst is the outcome that can't be ruled out; empty unless Outcome is unknown.
	AtWorst Outcome `json:"atWorst,omitempty"`
	// Possible is what may come of the hook by the draw of an endpoint, the best first;
	// absent where nothing is drawn.
	Possible []Possibility `json:"possible,omitempty"`
	// Reason says what the outcome comes from; empty for a hook that is ready.
	Reason string `json:"reason,omitempty"`
	// Fatal says that the process exits when the hook fails.
	Fatal bool `json:"fatal"`
	// DeadlineSeconds is zero for a hook without a deadline.
	DeadlineSeconds float64 `json:"deadlineSeconds,omitempty"`
	// WaitsFor names the hook that must be done before this one writes; empty for none.
	WaitsFor string `json:"waitsFor,omitempty"`
	// WritesSeconds is what the writes that hold the hook up take together; absent
	// if there are none.
	WritesSeconds *Seconds `json:"writesSeconds,omitempty"`
	// Seconds is when the hook is done or fails; absent for a hook that does not
	// hold the replica up.
	Seconds *Seconds `json:"seconds,omitempty"`
	Writes  []Write  `json:"writes,omitempty"`
	// BestEffort are writes that nobody waits for, and that nothing follows from
	// whatever becomes of them: Events. Nobody is asked about them.
	BestEffort []Write `json:"bestEffort,omitempty"`
	// Source is the upstream file and function that the hook's behaviour is read from.
	Source string `json:"source,omitempty"`
}

// An Effect is what becomes of a write, or what one interceptor does to it.
type Effect string

const (
	// Passes: admitted, and quickly.
	Passes Effect = "passes"
	// Slows: admitted after a wait.
	Slows Effect = "slows"
	// Rejects: not admitted.
	Rejects Effect = "rejects"
	// Undecided: what was seen does not decide it. Where an [Interception] has
	// endpoints, it is seen and a draw decides.
	Undecided Effect = "undecided"
)

// Write is one write of a hook.
type Write struct {
	Verb      string `json:"verb"`
	Resource  string `json:"resource"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	// Condition says when the write happens, if that can't be seen from outside.
	Condition string `json:"condition,omitempty"`
	Effect    Effect `json:"effect"`
	// Seconds is how long the write takes or until it has failed.
	Seconds       Seconds        `json:"seconds"`
	InterceptedBy []Interception `json:"interceptedBy,omitempty"`
}

// Interception is a webhook or policy that sees the write.
type Interception struct {
	admission.Culprit
	FailurePolicy string `json:"failurePolicy"`
	// Answer is one of the answers of facts.Answer, or a policy's: allowed, denied, undecided.
	Answer string `json:"answer"`
	// Milliseconds is how long the answer took; zero if nobody was asked.
	Milliseconds int64  `json:"ms"`
	Vantage      string `json:"vantage,omitempty"`
	Effect       Effect `json:"effect"`
	// Detail is what the backend, the API server or the policy said.
	Detail string `json:"detail,omitempty"`
	// Shown is the object of the cluster that it was said to, in words; empty where it was
	// asked about no real object.
	Shown string `json:"shown,omitempty"`
	// Endpoints are those of the webhook's Service, where they are known to answer
	// differently; absent otherwise. Which of them is called is a draw.
	Endpoints []EndpointAnswer `json:"endpoints,omitempty"`
}

// EndpointAnswer is what one endpoint of a Service does to a write.
type EndpointAnswer struct {
	// Endpoint is the Pod's name, or else the address.
	Endpoint string `json:"endpoint"`
	// Unsure says that what was seen was one of the endpoints that are unsure, and not
	// which: through the service proxy that does not show.
	Unsure bool `json:"unsure,omitempty"`
	// Answer, Milliseconds, Effect and Detail are as of [Interception].
	Answer       string `json:"answer"`
	Milliseconds int64  `json:"ms"`
	Effect       Effect `json:"effect"`
	Detail       string `json:"detail,omitempty"`
}

// Nodes is what an API outage would do to the nodes.
type Nodes struct {
	// Total is the number of nodes; -1 if they could not be read.
	Total int `json:"total"`
	// Exposed is the number of nodes in pools with auto-repair; -1 if unknown.
	Exposed int `json:"exposed"`
	// Pools are the pools with auto-repair, by name; empty if unknown or none.
	Pools []Pool `json:"pools,omitempty"`
	// Reason says why a number is unknown.
	Reason string `json:"reason,omitempty"`
	// Chain is the timeline of a report from the loss of the API on, in one number a
	// step; empty if the forecast does not fail. Package outage works it out.
	Chain []Event `json:"chain,omitempty"`
}

// Pool is a node pool that auto-repair looks after.
type Pool struct {
	Name  string `json:"name"`
	Nodes int    `json:"nodes"`
}

// Event is a step of what follows an API outage, at the earliest.
type Event struct {
	// AfterSeconds counts from the loss of the API.
	AfterSeconds int    `json:"afterSeconds"`
	Text         string `json:"text"`
	// Source is the documentation that says so.
	Source string `json:"source,omitempty"`
}
