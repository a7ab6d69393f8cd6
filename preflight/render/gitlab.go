package render

import (
	"crypto/sha256"
	"encoding/hex"
	"io"

	"github.com/gke-preflight/gke-preflight/preflight"
)

type gitlabIssue struct {
	Description string         `json:"description"`
	Check       string         `json:"check_name"`
	Fingerprint string         `json:"fingerprint"`
	Severity    string         `json:"severity"`
	Location    gitlabLocation `json:"location"`
}

type gitlabLocation struct {
	Path  string      `json:"path"`
	Lines gitlabLines `json:"lines"`
}

type gitlabLines struct {
	Begin int `json:"begin"`
}

// GitLab writes a code quality report, an issue for each cause: blockers as blocker, warnings as major,
// the rest as info. What could hide a blocker is critical, and other open
// questions are minor, as is what was skipped: GitLab knows no undecided. What is waived is info, and says so.
// The page stands in the description, since GitLab shows no other text.
func GitLab(w io.Writer, r preflight.Report) error {
	issues := []gitlabIssue{}
	add := func(f preflight.Finding, text, severity string) {
		issues = append(issues, gitlabIssue{text + "; see " + preflight.DocsURL(f.Check), f.Check, f.Fingerprint, severity, gitlabLocation{subjectPath(r, f.Subject), gitlabLines{1}}})
	}
	known := mappedOf(r)
	for _, c := range preflight.Causes(r.Findings) {
		text := causeText(c)
		if command := firstCommand(c.Lead); command != "" {
			text += "; do: " + command
		}
		if said := known.said(c.Lead); said != "" {
			text += "; " + said
		}
		add(c.Lead, text, gitlabSeverity(c.Lead.Severity))
	}
	// A question that several checks have is told once.
	told := map[about]bool{}
	for _, c := range byCheck(r) {
		for _, f := range c.findings {
			if f.Waived {
				add(f, waiverWords(f.Waiver)+": "+f.Summary, "info")
			}
		}
		for _, o := range openOf(c) {
			if o.Waived {
				o.Reason += "; " + waiverWords(o.Waiver)
			}
			q := about{o.Subject, o.Reason}
			if told[q] {
				continue
			}
			told[q] = true
			issues = append(issues, gitlabUnanswered(r, "undecided", "undecided: "+o.Reason, c.ID, o.Subject, o.Severity, o.Waived))
		}
	}
	for _, s := range r.Skipped {
		issues = append(issues, gitlabUnanswered(r, "skipped", skippedWords(s), s.Check, s.Subject, s.Severity, s.Waived))
	}
	return indented(w, issues)
}

// gitlabUnanswered is a question that has no answer: critical where that could hide a
// blocker. kind tells it from others about the same subject.
func gitlabUnanswered(r preflight.Report, kind, text, check string, subject preflight.Subject, s preflight.Severity, waived bool) gitlabIssue {
	severity := "minor"
	switch {
	case waived:
		severity = "info"
	case s == preflight.Blocker:
		severity = "critical"
	}
	sum := sha256.Sum256([]byte(kind + "\x00" + check + "\x00" + subject.String()))
	return gitlabIssue{text + "; see " + preflight.DocsURL(check), check, hex.EncodeToString(sum[:16]), severity, gitlabLocation{subjectPath(r, subject), gitlabLines{1}}}
}

func gitlabSeverity(s preflight.Severity) string {
	switch s {
	case preflight.Blocker:
		return "blocker"
	case preflight.Warning:
		return "major"
	case preflight.Info:
	}
	return "info"
}
