package preflight

// Skipped is what a run was told to leave alone: a whole check, which was then not
// asked, or what a check found or left open about one subject.
type Skipped struct {
	Check    string   `json:"check"`
	Severity Severity `json:"severity"`
	// Subject is zero for a whole check.
	Subject Subject `json:"subject,omitzero"`
	// Summary is the finding's, or why the question is open; empty for a whole check.
	Summary string `json:"summary,omitempty"`
	// By says what left it alone, such as "--skip GP4".
	By string `json:"by"`
	// Waived says that Waiver accepts that nobody looks.
	Waived bool    `json:"waived,omitempty"`
	Waiver *Waiver `json:"waiver,omitempty"`
}

// leave puts into the report what was skipped. What is left alone may hide anything, so
// that the report says no longer that the cluster is ready, unless all of it is waived.
func (r *Report) leave(skipped []Skipped) {
	r.Skipped = skipped
	for _, s := range skipped {
		if s.Waived {
			continue
		}
		r.Verdict = r.Verdict.unseen()
		for n, step := range r.Steps {
			r.Steps[n].Verdict = step.Verdict.unseen()
		}
	}
}

// unseen is v where something was not looked at.
func (v Verdict) unseen() Verdict {
	if v == Ready {
		return Inconclusive
	}
	return v
}
