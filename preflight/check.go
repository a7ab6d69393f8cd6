// Package preflight decides whether a cluster is ready for the upgrade of its
// control plane: the vocabulary of checks and reports, and the engine that runs
// the checks over a recorded snapshot. It does no I/O.
package preflight

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// A Severity is how much a finding matters to the upgrade. Severities are ordered.
type Severity int

const (
	// Info is worth knowing and changes nothing.
	Info Severity = iota
	// Warning endangers the upgrade, or makes it slower or harder to undo.
	Warning
	// Blocker makes the upgrade fail or takes the cluster down.
	Blocker
)

var severityNames = [...]string{"info", "warning", "blocker"}

// String returns info, warning or blocker.
func (s Severity) String() string { return severityNames[s] }

// MarshalText implements encoding.TextMarshaler.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Severity) UnmarshalText(b []byte) error {
	for i, name := range severityNames {
		if name == string(b) {
			*s = Severity(i)
			return nil
		}
	}
	return fmt.Errorf("%q is no severity: use info, warning or blocker", b)
}

// A Check answers one question about a cluster from a snapshot alone.
type Check struct {
	// ID is such as GP101 and never used again for another check.
	ID string
	// Name is the ID in words, such as webhook-crash-loop.
	Name string
	// Title is one line without a full stop.
	Title string
	// Severity is that of the worst finding the check can have, but for what
	// [Finding.OfNodes] adds.
	Severity Severity
	// Needs are the facts without any one of which the check is undecided as a whole.
	Needs []facts.Fact
	// Without are those of Needs without which the blockers hold all the same that Run
	// finds: they are told, beside an open question for what else there may be.
	Without []facts.Fact
	// Uses are facts whose absence leaves part of the answer open; the check
	// itself then says which, by an undecided finding.
	Uses []facts.Fact
	// After are the IDs of checks whose finding on the same subject is the cause
	// of this one's.
	After []string
	// Steps are those that what it finds stands in the way of; none means every one.
	Steps []Step
	// Moot says why the question does not arise; nil, or an empty answer, if it does.
	Moot func(facts.Meta) string
	// Thresholds are the numbers in it that a policy may move.
	Thresholds []Threshold
	// Run is a pure function of the snapshot.
	Run func(*facts.Snapshot) []Finding
}

// DocsURL is where the manual explains a check; explain prints the same page offline.
func DocsURL(check string) string {
	return manual + "checks/" + check + ".md"
}

// manual is where the manual stands.
const manual = "https://github.com/gke-preflight/gke-preflight/blob/main/docs/"

// A Subject is the object that a finding is about.
type Subject struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	// Webhook is the webhook within a webhook configuration; empty otherwise.
	Webhook string `json:"webhook,omitempty"`
}

// SubjectOf is the culprit as what a finding is about.
func SubjectOf(c admission.Culprit) Subject {
	return Subject{Kind: string(c.Kind), Name: c.Name, Webhook: c.Webhook}
}

// String returns the subject as Kind namespace/name (webhook).
func (s Subject) String() string {
	name := s.Name
	if s.Namespace != "" {
		name = s.Namespace + "/" + name
	}
	if s.Webhook != "" {
		name += " (" + s.Webhook + ")"
	}
	return s.Kind + " " + name
}

// Evidence is something that was seen.
type Evidence struct {
	// Fact is the fact's ID; empty for evidence from the forecast.
	Fact string `json:"fact,omitempty"`
	// Path is a JSON Pointer into the fact's value; empty for the whole.
	Path string `json:"path,omitempty"`
	// Value is what stands there, or a part of it.
	Value any `json:"value,omitempty"`
	// Note says in words what it means.
	Note string `json:"note,omitempty"`
}

// A Finding is one thing wrong with one object.
type Finding struct {
	// Check is the check's ID; the engine fills it in. A check that is undecided by
	// a question of another one names that one here: the question is listed there
	// alone.
	Check    string   `json:"check"`
	Severity Severity `json:"severity"`
	Subject  Subject  `json:"subject"`
	// Summary is lower case without a full stop: object, defect, consequence.
	Summary  string     `json:"summary"`
	Evidence []Evidence `json:"evidence,omitempty"`
	// Steps are what to do; none in reports of versions that had Remedy alone.
	Steps remedy.Steps `json:"steps,omitempty"`
	// Remedy is Steps in one text; the engine fills it in.
	Remedy string `json:"remedy,omitempty"`
	// CausedBy is the ID of a check whose finding on the same subject explains
	// this one; empty if none does.
	CausedBy string `json:"causedBy,omitempty"`
	// Docs is the URL of the page on the check; empty in reports of earlier versions.
	Docs string `json:"docs,omitempty"`
	// Addon is what the map of add-ons knows Subject by; nil if it does not, and in
	// reports of earlier versions.
	Addon *KnownAddon `json:"addon,omitempty"`
	// Fingerprint is the same in every run for the same check and subject.
	Fingerprint string `json:"fingerprint"`
	// Waived says that Waiver covers the finding: it weighs nothing in the verdict.
	Waived bool `json:"waived"`
	// Waiver is what covers the finding, or did until it lapsed; nil if nothing does.
	Waiver *Waiver `json:"waiver,omitempty"`
	// Override is where Severity comes from if not from the check; nil otherwise.
	Override *Override `json:"override,omitempty"`
	// Baseline compares with an earlier report; empty if there is none.
	Baseline BaselineState `json:"baseline,omitempty"`

	// OfNodes is how severe it is for an upgrade of nodes where that is more than
	// Severity, or where the check is about the control plane alone: it then stands in the
	// way of nodes as well. Info where nothing tells the two apart.
	OfNodes Severity `json:"-"`
	// Pools are the node pools whose upgrade it is about, as far as it is about nodes;
	// empty for what is not of single pools, or is so by its subject.
	Pools []string `json:"-"`

	// Undecided says why it can't be told whether Subject is affected; such a
	// finding is no defect. Empty for a defect.
	Undecided string `json:"-"`
	// Cause is Undecided without what is the subject's own; see [OpenQuestion.Cause].
	Cause string `json:"-"`
}

// ToDo is what to do: in a report that has no steps, what Remedy tells.
func (f Finding) ToDo() remedy.Steps {
	if f.Steps == nil && f.Remedy != "" {
		return remedy.Earlier(f.Remedy)
	}
	return f.Steps
}

// A Status is what came of a check.
type Status string

const (
	// Pass: the question was answered, and nothing was found.
	Pass Status = "pass"
	// Fail: something was found.
	Fail Status = "fail"
	// Undecided: the question, or part of it, could not be answered.
	Undecided Status = "undecided"
	// NotApplicable: the question does not arise, or was left out on request.
	NotApplicable Status = "not-applicable"
)

// A Result is the outcome of one check.
type Result struct {
	Check  Check
	Status Status
	// Reason says why the status is undecided or not applicable.
	Reason string
	// Missing are the IDs of the facts for want of which there is no answer at all.
	Missing []string
	// Findings are the defects.
	Findings []Finding
	// Open are the subjects about which no answer could be had, whatever the status.
	Open []Finding
	// See is the ID of the check whose open question leaves this one undecided;
	// empty for none.
	See string
	// Waiver accepts that a check without any answer has none, or did until it
	// lapsed; nil if nothing does.
	Waiver *Waiver
}
