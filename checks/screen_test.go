package checks

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/render"
	recordings "github.com/gke-preflight/gke-preflight/testdata/recorded"
)

// Whoever sees only the first screen of the incident, or only the end of a CI log, reads
// the verdict, who is to blame and the command; and the whole is read in two minutes.
func TestOneScreenDecides(t *testing.T) {
	s, err := facts.LoadZip(recordings.Incident)
	if err != nil {
		t.Fatal(err)
	}
	r := preflight.NewReport(s, preflight.Run(s, All()), forecast.Of(s))
	lines := func(width int) []string {
		var b bytes.Buffer
		if err := render.Table(&b, r, render.Options{Width: width}); err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	}
	if n := len(lines(100)); n > 100 {
		t.Errorf("%d lines at 100 columns", n)
	}
	narrow := lines(80)
	decides := []string{"NOT READY", "Culprit: ValidatingWebhookConfiguration opa-validating-webhook", "kubectl patch validatingwebhookconfiguration opa-validating-webhook"}
	for where, part := range map[string][]string{"first 24": narrow[:24], "last ten": narrow[len(narrow)-10:]} {
		text := strings.Join(strings.Fields(strings.Join(part, " ")), " ")
		for _, d := range decides {
			if !strings.Contains(text, d) {
				t.Errorf("the %s lines lack %q:\n%s", where, d, strings.Join(part, "\n"))
			}
		}
	}
	if first := strings.Join(narrow[:24], " "); !strings.Contains(first, "Control plane:") || !strings.Contains(first, "Nodes:") || !strings.Contains(first, "Lost now") {
		t.Errorf("the first 24 lines lack a step, or what is lost:\n%s", first)
	}
}
