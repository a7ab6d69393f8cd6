package render

import (
	"cmp"
	"io"
	"net/url"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
)

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool         `json:"tool"`
	Invocations []sarifInvocation `json:"invocations"`
	Results     []sarifResult     `json:"results"`
	Properties  map[string]string `json:"properties"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version,omitempty"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID               string        `json:"id"`
	Name             string        `json:"name"`
	ShortDescription sarifText     `json:"shortDescription"`
	HelpURI          string        `json:"helpUri"`
	Default          sarifSeverity `json:"defaultConfiguration"`
}

type sarifSeverity struct {
	Level string `json:"level"`
}

type sarifText struct {
	Text string `json:"text"`
}

// sarifInvocation says what could not be looked at.
type sarifInvocation struct {
	Successful    bool                `json:"executionSuccessful"`
	Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Level   string    `json:"level"`
	Message sarifText `json:"message"`
	Rule    *sarifRef `json:"associatedRule,omitempty"`
}

type sarifRef struct {
	ID string `json:"id"`
}

type sarifResult struct {
	RuleID       string             `json:"ruleId"`
	RuleIndex    int                `json:"ruleIndex"`
	Level        string             `json:"level"`
	Message      sarifText          `json:"message"`
	Locations    []sarifLocation    `json:"locations"`
	Fingerprints map[string]string  `json:"partialFingerprints"`
	Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	Baseline     string             `json:"baselineState,omitempty"`
}

type sarifSuppression struct {
	Kind          string `json:"kind"`
	Justification string `json:"justification,omitempty"`
}

type sarifLocation struct {
	Physical sarifPhysical  `json:"physicalLocation"`
	Logical  []sarifLogical `json:"logicalLocations"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   sarifRegion   `json:"region"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifRegion struct {
	StartLine int `json:"startLine"`
}

type sarifLogical struct {
	FullyQualifiedName string `json:"fullyQualifiedName"`
	Kind               string `json:"kind"`
}

// SARIF writes a SARIF 2.1.0 log: checks as rules, findings as results, and what
// could not be looked at, or was skipped, as notifications of the invocation. An object in a
// cluster has no file, so a path that stands for it is given: code scanning takes
// only results that have one, relative to the repository.
func SARIF(w io.Writer, r preflight.Report) error {
	run := sarifRun{
		Tool:        sarifTool{sarifDriver{Name: "gke-preflight", Version: r.Tool, InformationURI: "https://github.com/gke-preflight/gke-preflight", Rules: []sarifRule{}}},
		Invocations: []sarifInvocation{{Successful: true}},
		Results:     []sarifResult{},
		Properties:  map[string]string{"verdict": string(r.Verdict), "cluster": clusterPath(r), "targetVersion": r.TargetVersion},
	}
	known := mappedOf(r)
	for n, c := range byCheck(r) {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{
			ID: c.ID, Name: c.Name, ShortDescription: sarifText{c.Title}, HelpURI: preflight.DocsURL(c.ID), Default: sarifSeverity{sarifLevel(c.Severity)},
		})
		for _, f := range c.findings {
			run.Results = append(run.Results, sarifResultOf(r, n, f, known))
		}
		for _, o := range openOf(c) {
			if o.Waived {
				o.Severity, o.Reason = preflight.Info, o.Reason+"; "+waiverWords(o.Waiver)
			}
			run.Invocations[0].Notifications = append(run.Invocations[0].Notifications, sarifNotification{sarifLevel(o.Severity), sarifText{"undecided: " + o.Reason}, &sarifRef{c.ID}})
		}
	}
	for _, s := range r.Skipped {
		if s.Waived {
			s.Severity = preflight.Info
		}
		run.Invocations[0].Notifications = append(run.Invocations[0].Notifications, sarifNotification{sarifLevel(s.Severity), sarifText{skippedWords(s)}, &sarifRef{s.Check}})
	}
	return indented(w, sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

// openOf are the open questions of a check; the check itself where it is
// undecided as a whole.
func openOf(c verdictOn) []preflight.OpenQuestion {
	if c.open == nil && c.Status == preflight.Undecided {
		return []preflight.OpenQuestion{{Check: c.ID, Severity: c.Severity, Reason: c.Reason, Waived: c.Waived, Waiver: c.Waiver}}
	}
	return c.open
}

func sarifResultOf(r preflight.Report, rule int, f preflight.Finding, known mapped) sarifResult {
	res := sarifResult{
		RuleID: f.Check, RuleIndex: rule, Level: sarifLevel(f.Severity), Message: sarifText{f.Summary + remedyOf(f) + known.also(f)},
		Locations: []sarifLocation{{
			sarifPhysical{sarifArtifact{subjectPath(r, f.Subject)}, sarifRegion{1}},
			[]sarifLogical{{f.Subject.String(), "resource"}},
		}},
		Fingerprints: map[string]string{"gkePreflight/v1": f.Fingerprint},
	}
	if f.Waived {
		res.Suppressions = []sarifSuppression{{"external", waiverWords(f.Waiver)}}
	}
	if res.Baseline = string(f.Baseline); f.Baseline == preflight.Worse {
		res.Baseline = "updated"
	}
	return res
}

func remedyOf(f preflight.Finding) string {
	if f.Remedy == "" {
		return ""
	}
	return "\n\n" + f.Remedy
}

func sarifLevel(s preflight.Severity) string {
	switch s {
	case preflight.Blocker:
		return "error"
	case preflight.Warning:
		return "warning"
	case preflight.Info:
	}
	return "note"
}

// subjectPath is a path that stands for an object: clusters/PROJECT/LOCATION/
// NAME/Kind/namespace/name.yaml.
func subjectPath(r preflight.Report, s preflight.Subject) string {
	parts := []string{"clusters"}
	for _, p := range []string{r.Cluster.Project, r.Cluster.Location, cmp.Or(r.Cluster.Name, "cluster"), s.Kind, s.Namespace, s.Name} {
		if p != "" {
			parts = append(parts, url.PathEscape(strings.NewReplacer("/", "-", "\\", "-", "..", "-", ":", "-").Replace(p)))
		}
	}
	return strings.Join(parts, "/") + ".yaml"
}
