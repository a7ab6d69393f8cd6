package addons

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/manifest"
	"github.com/gke-preflight/gke-preflight/preflight/simulation"
)

const own = "../../testdata/map/"

// TestRows judges again what stands in this repository, recordings of add-ons that ran
// among it: a row whose verdict changes fails until somebody has reviewed why, and make map
// has written it. The rows of what is fetched are held by make map alone.
func TestRows(t *testing.T) {
	held := 0
	for _, a := range Index() {
		for _, i := range a.Installs {
			text := ours(t, i.From)
			if text == nil {
				continue
			}
			held++
			want := row(t, a, i)
			m, err := manifest.Read(a.Name, text)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Judge(Row{Addon: a.Name, As: i.As, Version: want.Version, Origin: want.Origin, Read: i.From.Read, Seen: i.From.Seen()}, m)
			if err != nil {
				t.Fatal(err)
			}
			if i.Note != "" {
				got.Notes = append(got.Notes, i.Note)
			}
			got.Safe = want.Safe
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s, %s: review why, and run make map (- committed, + now):\n%s", a.Name, i.As, d)
			}
		}
	}
	if held < 6 {
		t.Errorf("only %d rows were judged", held)
	}
}

// ours is what an install is judged from where that is in this repository; nil if not.
func ours(t *testing.T, f From) []byte {
	t.Helper()
	file := filepath.Join(own, "written", f.Written)
	switch {
	case f.Recorded != "":
		file = filepath.Join(own, "recorded", f.Recorded)
	case f.Written == "":
		return nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if f.Recorded == "" {
		return b
	}
	s, err := facts.LoadZip(b)
	if err != nil {
		t.Fatal(err)
	}
	if b, err = Manifest(s); err != nil {
		t.Fatal(err)
	}
	return b
}

func row(t *testing.T, a Addon, i Install) Row {
	t.Helper()
	for _, r := range Rows() {
		if r.Addon == a.Name && r.As == i.As {
			return r
		}
	}
	t.Fatalf("%s, %s has no row: run make map", a.Name, i.As)
	return Row{}
}

// TestIndex holds the index against the map: each install has its row, with where and
// when it was read, and none is left over.
func TestIndex(t *testing.T) {
	installs := 0
	for _, a := range Index() {
		for _, i := range a.Installs {
			installs++
			r := row(t, a, i)
			if r.Read != i.From.Read || r.Origin == "" || r.Verdict == "" || len(r.Steps) == 0 || r.Seen != i.From.Seen() {
				t.Errorf("%s, %s: its row is of another reading, or lacks something: run make map", a.Name, i.As)
			}
			if r.Verdict == simulation.Endangered && len(r.Safe) == 0 && i.Note == "" {
				t.Errorf("%s, %s: is endangered, and neither what makes it safe nor why nothing does is told", a.Name, i.As)
			}
		}
	}
	if len(Rows()) != installs || len(Index()) < 40 {
		t.Errorf("%d rows of %d installs of %d add-ons", len(Rows()), installs, len(Index()))
	}
}

// TestSafe holds what the map advises: that it makes the add-on clear, proven as the
// rows are.
func TestSafe(t *testing.T) {
	advised := 0
	for _, r := range Rows() {
		for _, s := range r.Safe {
			advised++
			if s.Verdict != simulation.Clear {
				t.Errorf("%s, %s: %q leaves %v", r.Addon, r.As, s.Say, s.Left)
			}
		}
	}
	if advised < 6 {
		t.Errorf("only %d changes are told", advised)
	}
}

// TestWell holds what docs/map.md says of all rows: that nothing is lost while the backend
// answers.
func TestWell(t *testing.T) {
	for _, r := range Rows() {
		for _, s := range r.Steps {
			for _, v := range []simulation.Verdict{s.Well.Start, s.Well.Lifelines, s.Well.Nodes} {
				if v == simulation.Endangered {
					t.Errorf("%s, %s: from %s to %s something is lost with a backend that is well", r.Addon, r.As, s.From, s.To)
				}
			}
		}
	}
}

func TestKnown(t *testing.T) {
	for name, c := range map[string]struct{ kind, name, webhook, want string }{
		"by its configuration":      {"ValidatingWebhookConfiguration", "gatekeeper-validating-webhook-configuration", "", "gatekeeper"},
		"by its webhook, renamed":   {"ValidatingWebhookConfiguration", "our-own-name", "validate.kyverno.svc-fail", "kyverno"},
		"a name that many have":     {"MutatingWebhookConfiguration", "our-own-name", "mpod.kb.io", ""},
		"nobody's":                  {"ValidatingWebhookConfiguration", "ours", "ours.example.org", ""},
		"a name of the other kind":  {"MutatingWebhookConfiguration", "gatekeeper-validating-webhook-configuration", "", ""},
		"no configuration":          {"Deployment", "gatekeeper", "", ""},
		"a name made by a scaffold": {"ValidatingWebhookConfiguration", "validating-webhook-configuration", "", ""},
	} {
		if got, ok := Known(c.kind, c.name, c.webhook); got.Name != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q", name, got.Name)
		}
	}
}

// TestAdvice holds that a culprit is told what cures it, and not what cures another
// webhook of the same add-on.
func TestAdvice(t *testing.T) {
	for name, c := range map[string]struct{ addon, webhook, want string }{
		"what cures the worst it does": {"kyverno", "validate.kyverno.svc-fail", "set the chart's config.matchConditions"},
		"one webhook of two":           {"gatekeeper", "mutation.gatekeeper.sh", "set mutatingWebhookTimeoutSeconds to 1"},
		"the other":                    {"gatekeeper", "validation.gatekeeper.sh", "set validatingWebhookFailurePolicy to Ignore"},
		"one that loses nothing":       {"gatekeeper", "check-ignore-label.gatekeeper.sh", ""},
		"its configuration as a whole": {"opa", "", "set failurePolicy: Ignore"},
		"what has no cure":             {"longhorn", "", ""},
		"a name that begins alike":     {"gatekeeper", "validation.gatekeeper", ""},
	} {
		a, ok := Find(c.addon)
		if got := a.Advice(c.webhook); !ok || !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}
