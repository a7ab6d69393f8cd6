package preflight

import (
	"fmt"
	"time"
)

// A Waiver accepts a finding or an open question: what it covers stays in the
// report and weighs nothing in the verdict.
type Waiver struct {
	// By is where it stands, such as policy.yaml:12, or --accept.
	By     string `json:"by"`
	Reason string `json:"reason"`
	// Until is the last day on which it applies, such as 2026-12-31 (UTC); empty
	// for one that holds for this run alone, and for a threshold.
	Until string `json:"until,omitempty"`
	// Owner is who answers for it; empty if nobody is named.
	Owner string `json:"owner,omitempty"`
	// Lapsed says that Until is over: it covers nothing any more.
	Lapsed bool `json:"lapsed,omitempty"`
}

// Covers reports whether w is there and has not lapsed.
func (w *Waiver) Covers() bool { return w != nil && !w.Lapsed }

// An Override is a severity that a policy replaced, or a threshold that it moved lowered.
type Override struct {
	// By is where it stands, such as policy.yaml:12.
	By     string   `json:"by"`
	From   Severity `json:"from"`
	Reason string   `json:"reason"`
}

// A BaselineState says what a finding is to the baseline, an earlier report.
type BaselineState string

const (
	// New: it was not in the baseline.
	New BaselineState = "new"
	// Worse: it was, with a lesser severity, or waived and is not any more.
	Worse BaselineState = "worse"
	// Unchanged: it was, and is no worse.
	Unchanged BaselineState = "unchanged"
)

// PolicyApplied says which policy the report was drawn up under.
type PolicyApplied struct {
	// File is the policy's name as it was given; empty if there was only --accept.
	File string `json:"file,omitempty"`
	// JudgedOn is the day on which waivers were judged, such as 2026-12-31 (UTC).
	JudgedOn string `json:"judgedOn"`
	// Accepted are the IDs of checks whose findings and open questions were
	// accepted for this run.
	Accepted []string `json:"accepted,omitempty"`
	// Thresholds are those that the policy moved for this cluster.
	Thresholds []ThresholdMoved `json:"thresholds,omitempty"`
	// Unmet are the severities of the policy that met nothing in this report, such
	// as policy.yaml:4 (GP201).
	Unmet []string `json:"unmet,omitempty"`
}

// ThresholdMoved is a threshold that a policy moved. What a check finds by its
// default alone stays in the report, waived.
type ThresholdMoved struct {
	Check   string `json:"check"`
	Name    string `json:"name"`
	Value   int    `json:"value"`
	Default int    `json:"default"`
	// By is where it stands, such as policy.yaml:12.
	By     string `json:"by"`
	Reason string `json:"reason"`
}

// String says to what the threshold was moved, and from where.
func (t ThresholdMoved) String() string {
	return fmt.Sprintf("%s %s %d instead of %d", t.Check, t.Name, t.Value, t.Default)
}

// Baseline is the comparison with an earlier report.
type Baseline struct {
	CollectedAt time.Time `json:"collectedAt"`
	Verdict     Verdict   `json:"verdict"`
	// FailOnNew says that findings which stand in the baseline are accepted.
	FailOnNew bool `json:"failOnNew"`
	// Gone are the findings of the baseline that are no longer there.
	Gone []Missing `json:"gone"`
	// Open are those of which that can't be told: their check has no answer now,
	// or none to a part of its question.
	Open []Missing `json:"open"`
}

// Missing is a finding of the baseline that this report does not have.
type Missing struct {
	Check       string   `json:"check"`
	Severity    Severity `json:"severity"`
	Subject     Subject  `json:"subject"`
	Summary     string   `json:"summary"`
	Fingerprint string   `json:"fingerprint"`
}
