package render

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
)

type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Timestamp  string          `xml:"timestamp,attr"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Class   string       `xml:"classname,attr"`
	Name    string       `xml:"name,attr"`
	Failure *junitReason `xml:"failure"`
	Error   *junitReason `xml:"error"`
	Skipped *junitReason `xml:"skipped"`
	Out     string       `xml:"system-out,omitempty"`
}

type junitReason struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// JUnit writes a test case for each check and subject. A blocker is a failure; a
// question without an answer is an error, never skipped, since CI systems show
// what is skipped as fine; warnings and what is merely worth knowing pass, with
// their text as output. What was waived, or does not apply, is skipped.
func JUnit(w io.Writer, r preflight.Report) error {
	s := junitSuite{Name: "gke-preflight " + clusterPath(r), Timestamp: r.CollectedAt.UTC().Format("2006-01-02T15:04:05"), Properties: []junitProperty{
		{"verdict", string(r.Verdict)}, {"cluster", clusterPath(r)}, {"version", r.Cluster.Version}, {"targetVersion", r.TargetVersion}, {"tool", r.Tool},
	}}
	causes, known := map[string]preflight.Finding{}, mappedOf(r)
	for _, c := range preflight.Causes(r.Findings) {
		for _, f := range c.Rest {
			causes[f.Fingerprint] = c.Lead
		}
	}
	for _, c := range byCheck(r) {
		s.Cases = append(s.Cases, junitCases(c, causes, known)...)
	}
	for _, c := range s.Cases {
		s.Tests++
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(junitSuites{Suites: []junitSuite{s}}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// junitCases are those of a check; causes is what leads the cause of a finding, by the
// finding's fingerprint, and known the add-ons that the map knows.
func junitCases(c verdictOn, causes map[string]preflight.Finding, known mapped) (cases []junitCase) {
	add := func(subject string) *junitCase {
		name := c.Title
		if subject != "" {
			name += ": " + subject
		}
		cases = append(cases, junitCase{Class: c.ID + " " + c.Name, Name: name})
		return &cases[len(cases)-1]
	}
	for _, f := range c.findings {
		reason := &junitReason{Message: f.Summary, Type: f.Severity.String(), Text: findingText(f, known)}
		k := add(f.Subject.String())
		if lead, ok := causes[f.Fingerprint]; ok {
			reason.Text = "Cause: " + lead.Check + " " + lead.Subject.String() + "\n" + reason.Text
		}
		switch {
		case f.Waived:
			k.Skipped = &junitReason{Message: waiverWords(f.Waiver) + ": " + f.Summary, Text: preflight.DocsURL(f.Check)}
		case f.Severity == preflight.Blocker:
			k.Failure = reason
		default:
			k.Out = f.Severity.String() + ": " + f.Summary + "\n" + reason.Text
		}
	}
	for _, o := range c.open {
		k, reason := add(o.Subject.String()), &junitReason{Message: o.Reason, Type: "undecided", Text: preflight.DocsURL(c.ID)}
		if o.Waived {
			k.Skipped = &junitReason{Message: waiverWords(o.Waiver) + ": undecided: " + o.Reason, Text: preflight.DocsURL(c.ID)}
		} else {
			k.Error = reason
		}
	}
	if cases != nil {
		return cases
	}
	switch k := add(""); {
	case c.Waived:
		k.Skipped = &junitReason{Message: waiverWords(c.Waiver) + ": undecided: " + c.Reason, Text: preflight.DocsURL(c.ID)}
	case c.Status == preflight.Undecided:
		k.Error = &junitReason{Message: c.Reason, Type: "undecided", Text: preflight.DocsURL(c.ID)}
	case c.Status == preflight.NotApplicable:
		k.Skipped = &junitReason{Message: c.Reason}
	}
	return cases
}

// findingText is what a finding says beside its summary: evidence, remedy and add-on.
func findingText(f preflight.Finding, known mapped) string {
	var b strings.Builder
	for _, e := range f.Evidence {
		fmt.Fprintf(&b, "- %s\n", observed(e))
	}
	if f.Remedy != "" {
		fmt.Fprintf(&b, "%s\n", f.Remedy)
	}
	if said := known.said(f); said != "" {
		fmt.Fprintf(&b, "%s\n", said)
	}
	fmt.Fprintf(&b, "%s\n", preflight.DocsURL(f.Check))
	return b.String()
}
