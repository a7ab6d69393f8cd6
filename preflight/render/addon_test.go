package render

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/simulation"
)

// TestAddonOnce holds that each format tells of an add-on once, however many of its
// webhooks are found in trouble, and of none that only a stored report names.
func TestAddonOnce(t *testing.T) {
	r := incident()
	for _, f := range Formats() {
		var b bytes.Buffer
		if err := f.Write(&b, r, Options{Width: 100}); err != nil {
			t.Fatal(err)
		}
		switch f.Name {
		case "json", "yaml", "prometheus", "terraform":
			continue
		}
		if n := strings.Count(b.String(), "set failurePolicy: Ignore and timeoutSeconds: 1 on the webhook"); n != 1 {
			t.Errorf("%s tells of it %d times", f.Name, n)
		}
	}
	for n := range r.Findings {
		r.Findings[n].Addon = &preflight.KnownAddon{Name: "opa", Title: "Yours", Verdict: simulation.Clear, Docs: "https://example.org/map"}
	}
	if m := mappedOf(r); len(m) > 0 {
		t.Errorf("a link of a stored report is shown: %v", m)
	}
}
