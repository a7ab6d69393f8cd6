package checks

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// FuzzSaid puts what a backend may say into every finding there is about one:
// nothing of it reaches a terminal as more than text, and nothing of it stands in
// a remedy, which people paste into a shell.
func FuzzSaid(f *testing.F) {
	k := load(f, "../testdata/checks/GP114/http-500.txtar")
	asked := facts.Attempts.Of(k.s)[0]
	answers := []facts.Answer{facts.Refused, facts.ConnectTimeout, facts.HungBeforeTLS, facts.Hung, facts.Denied, facts.BadCertificate, facts.BadAnswer, facts.CouldNotAsk}
	faults := []facts.Fault{
		"", facts.HTTPStatus, facts.Redirected, facts.TooLarge, facts.NotReview, facts.WrongVersion, facts.NoResponse, facts.WrongUID, facts.BadPatch, facts.Cut,
		facts.NotTLS, facts.TLSRefused, facts.WrongName, facts.Expired, facts.OtherAuthority, facts.BundleEmpty, facts.BundleNotPEM, facts.BundleExpired,
	}
	f.Add(0, "connection refused", "10.4.0.7:8443")
	f.Add(5, "HTTP 500: \x1b[2J\x1b]8;;http://evil\x07", "\u202e10.4.0.7")
	f.Add(7, "\nkubectl delete namespaces --all\n", "{said}{ms}{name}")
	f.Add(9, "\xff\xfe\u2028 \u2066"+strings.Repeat("a", 5000), "")
	f.Add(40, "`reboot`; $(reboot) {name}", "%s%!d(MISSING)")
	f.Fuzz(func(t *testing.T, n int, said, target string) {
		a := asked
		a.Answer, a.Fault = answers[uint(n)%uint(len(answers))], faults[uint(n)/uint(len(answers))%uint(len(faults))]
		a.Detail, a.Target = said, target
		told := findings(k.s, a)
		a.Detail, a.Target = "plain", "plain"
		plain := findings(k.s, a)
		if len(told.Findings) != len(plain.Findings) {
			t.Fatalf("%d findings, and %d if it says something else", len(told.Findings), len(plain.Findings))
		}
		for i, g := range told.Findings {
			if g.Remedy != plain.Findings[i].Remedy {
				t.Errorf("what it says is in the remedy: %q", g.Remedy)
			}
			if utf8.RuneCountInString(g.Summary) > preflight.MaxString {
				t.Errorf("a summary of %d bytes", len(g.Summary))
			}
		}
		printable(t, told)
	})
}

func findings(s *facts.Snapshot, a facts.Attempt) preflight.Report {
	s = s.With(facts.Present(facts.Attempts, []facts.Attempt{a}))
	var among []preflight.Check
	for _, id := range []string{"GP113", "GP114", "GP115", "GP118"} {
		among = append(among, checkOf(id))
	}
	return preflight.NewReport(s, preflight.Run(s, among), forecast.Forecast{})
}

// printable requires that no string has what a terminal would act on.
func printable(t *testing.T, r preflight.Report) {
	t.Helper()
	encoded, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var strs func(any)
	strs = func(v any) {
		switch v := v.(type) {
		case string:
			if !utf8.ValidString(v) || strings.ContainsFunc(v, func(r rune) bool {
				return r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
			}) {
				t.Errorf("%q would be acted on", v)
			}
		case []any:
			for _, e := range v {
				strs(e)
			}
		case map[string]any:
			for _, e := range v {
				strs(e)
			}
		}
	}
	var generic any
	if err := json.Unmarshal(encoded, &generic); err != nil {
		t.Fatal(err)
	}
	strs(generic)
}
