package render

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// What the cluster says can't act as a command of a workflow, whichever way its text
// wraps, and whether the page has colours.
func TestNoWorkflowCommands(t *testing.T) {
	for _, evil := range []string{"::error::owned", " ::set-output name=x::y", "a ::add-mask::secret", "##[command]rm", "##vso[task.setvariable variable=x]y", strings.Repeat("x", 75) + " ::stop-commands::t"} {
		r := preflight.Report{Schema: preflight.ReportSchema, Verdict: preflight.NotReady, Cluster: preflight.ReportCluster{Name: evil},
			Checks:   []preflight.CheckStatus{{ID: "GP101", Name: evil, Status: preflight.Fail, Severity: preflight.Blocker}, {ID: "GP102", Name: "x", Status: preflight.Undecided, Reason: evil}},
			Findings: []preflight.Finding{{Check: "GP101", Severity: preflight.Blocker, Subject: preflight.Subject{Kind: "Pod", Name: evil}, Summary: evil, Remedy: evil + "\n\n    " + evil + "\n" + evil, Evidence: []preflight.Evidence{{Value: evil, Note: evil}}}},
			Facts:    []preflight.FactStatus{{ID: "nodes", Absence: evil}},
			Skipped:  []preflight.Skipped{{Check: "GP401", Subject: preflight.Subject{Kind: "Pod", Name: "p"}, Summary: evil, By: evil}},
		}
		for _, o := range []Options{{}, {Wide: true}, {Width: 40, Colour: true}, {ShowPassed: true, ASCII: true}} {
			for _, name := range []string{"table", "wide", "markdown"} {
				format, _ := FormatOf(name)
				var b bytes.Buffer
				if err := format.Write(&b, r, o); err != nil {
					t.Fatal(err)
				}
				if m := regexp.MustCompile(`(?m)^(\s|\x1b\[[0-9;]*m)*::.*|.*##\[.*|.*##vso\[.*`).FindString(b.String()); m != "" {
					t.Errorf("%s %+v of %q has the line %q", name, o, evil, m)
				}
			}
		}
	}
}
