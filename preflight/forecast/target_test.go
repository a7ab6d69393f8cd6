package forecast

import (
	"os"
	"slices"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// What another Service answers, or a Pod that is not behind it any more, is no answer of
// the webhook's.
func TestAnswersOfAnother(t *testing.T) {
	b, err := os.ReadFile("../../testdata/recorded/all-clear.zip")
	if err != nil {
		t.Fatal(err)
	}
	s, err := facts.LoadZip(b)
	if err != nil {
		t.Fatal(err)
	}
	all := slices.DeleteFunc(slices.Clone(facts.Attempts.Of(s)), func(a facts.Attempt) bool { return a.Vantage == facts.ServerDryRun })
	for name, c := range map[string]struct {
		vantage facts.Vantage
		target  string
		want    Outcome
	}{
		"its own":          {"", "", Ready},
		"another Service":  {facts.ServiceProxy, "payments/ledger:80", Unknown},
		"a Pod that went":  {facts.PortForward, "opa/opa-gone:8443", Unknown},
		"a URL that moved": {facts.DirectURL, "https://opa.example.com/", Unknown},
	} {
		attempts := slices.Clone(all)
		for n := range attempts {
			switch {
			case c.vantage == attempts[n].Vantage:
				attempts[n].Target = c.target
			case c.vantage == facts.DirectURL && attempts[n].Vantage == facts.ServiceProxy:
				attempts[n].Vantage, attempts[n].Target = c.vantage, c.target
			}
		}
		if got := Of(s.With(facts.Present(facts.Attempts, attempts))).ControlPlane.Outcome; got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
