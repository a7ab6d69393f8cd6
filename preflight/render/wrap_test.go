package render

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  []string
	}{
		{"", 10, []string{""}},
		{"one two three", 7, []string{"one two", "three"}},
		{"2.5–6" + nbsp + "s", 5, []string{"2.5–6", nbsp + "s"}},
		{"in 12" + nbsp + "ms", 7, []string{"in", "12" + nbsp + "ms"}},
		{"start-cluster-authentication", 16, []string{"start-cluster-", "authentication"}},
		{"a.bcdefghijklmnop", 10, []string{"a.bcdefghi", "jklmnop"}},
		{"語語語語", 5, []string{"語語", "語語"}},
	} {
		if d := cmp.Diff(c.want, wrap(c.text, c.width)); d != "" {
			t.Errorf("%q at %d:\n%s", c.text, c.width, d)
		}
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("ValidatingWebhookConfiguration opa (validating-webhook.openpolicyagent.org)", 20)
	f.Add("👩‍👩‍👧‍👧 日本語 e\u0301\u0301 \u200d", 3)
	f.Fuzz(func(t *testing.T, text string, width int) {
		text, width = preflight.Clean(text), 2+max(0, width)%100
		lines := wrap(text, width)
		if got := strings.ReplaceAll(strings.Join(lines, ""), " ", ""); got != strings.ReplaceAll(text, " ", "") {
			t.Errorf("%q became %q", text, lines)
		}
		for _, l := range lines {
			if columnsOf(l) > width {
				t.Errorf("%q is wider than %d", l, width)
			}
		}
	})
}

// FuzzTable lets the cluster choose every string that it can choose.
func FuzzTable(f *testing.F) {
	for _, s := range []string{"%s%d", "| a | b |\n::error::x", "\x1b[31mred\x1b[0m", "👩‍👩‍👧‍👧", "\u202eevil", "a\u00a0b  c", strings.Repeat("-", 300), "", "kubectl delete ns x"} {
		f.Add(s, uint(0))
	}
	f.Fuzz(func(t *testing.T, s string, width uint) {
		s = preflight.Clean(s)
		r := incident()
		r.Cluster.Name, r.Identity = s, s
		i := opaHung(forecast.Rejects, "Fail")
		i.Name, i.Webhook, i.Detail, i.Answer = s, s, s, s
		r.Forecast.ControlPlane.Hooks[0].Writes = by(rbacWrites(), i)
		subject := preflight.Subject{Kind: "Node", Name: s, Webhook: s}
		for n := range r.Findings {
			r.Findings[n].Subject, r.Findings[n].Summary, r.Findings[n].Evidence = subject, s, []preflight.Evidence{{Value: s, Note: s}}
		}
		r.Open = []preflight.OpenQuestion{{Check: "GP101", Subject: subject, Reason: s}}
		unread(&r, "nodes", s)
		o := Options{Width: 40 + int(width%200), Wide: width%2 == 0}
		for line := range strings.Lines(table(t, r, o)) {
			line = strings.TrimSuffix(line, "\n")
			if mayBeWide(line) {
				continue
			}
			if w := columnsOf(line); w > o.Width {
				t.Errorf("%d columns of %d: %q", w, o.Width, line)
			}
			if preflight.Clean(line) != line {
				t.Errorf("unclean: %q", line)
			}
		}
	})
}
