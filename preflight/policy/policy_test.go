package policy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/policy"
)

var (
	day    = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	checks = []preflight.Check{
		{ID: "GP101", Name: "startup-write-blocked", Title: "a", Severity: preflight.Blocker},
		{ID: "GP104", Name: "fail-closed-in-fatal-path", Title: "b", Severity: preflight.Warning},
		{ID: "GP201", Name: "auto-repair-exposed", Title: "c", Severity: preflight.Warning},
	}
)

const head = "apiVersion: gke-preflight/v1\nkind: Policy\n"

func TestParse(t *testing.T) {
	p, err := policy.Parse("p.yaml", []byte(head+`severities:
- check: auto-repair-exposed
  subject: NodePool gpu-*
  cluster: acme/*
  severity: blocker
  reason: nothing may be lost there
waivers:
- check: gp104
  until: 2027-02-21
  reason: "yes"
  owner: sre
`), checks, day)
	if err != nil {
		t.Fatal(err)
	}
	want := &policy.Policy{File: "p.yaml",
		Severities: []policy.Override{{Scope: policy.Scope{Check: "GP201", Subject: "NodePool gpu-*", Cluster: "acme/*", Reason: "nothing may be lost there", Line: 4}, Severity: preflight.Blocker}},
		Waivers:    []policy.Waiver{{Scope: policy.Scope{Check: "GP104", Reason: "yes", Line: 10}, Until: day.AddDate(0, 0, policy.MaxDays), Owner: "sre"}},
	}
	if d := cmp.Diff(want, p); d != "" {
		t.Error(d)
	}
}

func TestParseNamesEveryMistake(t *testing.T) {
	waiver := func(fields string) string { return head + "waivers:\n- " + strings.ReplaceAll(fields, "\n", "\n  ") }
	good := "check: GP104\nuntil: 2026-12-31\nreason: r"
	for name, c := range map[string]struct {
		given string
		want  []string
	}{
		"nothing":               {"", []string{"p.yaml:1: it is empty: begin with apiVersion: gke-preflight/v1 and kind: Policy"}},
		"a comment":             {"# none\n", []string{"p.yaml:1: it is empty"}},
		"no YAML":               {head + "waivers: [", []string{"p.yaml:3: it is no YAML"}},
		"a list":                {"- a\n", []string{"p.yaml:1: there are no fields here: write apiVersion, kind, severities, waivers"}},
		"two documents":         {head + "---\na: b\n", []string{"p.yaml:3: more follows after the policy"}},
		"another version":       {"apiVersion: gke-preflight/v2\nkind: Rules\n", []string{`p.yaml:1: apiVersion: "gke-preflight/v2" is not known: it is gke-preflight/v1`, `p.yaml:2: kind: "Rules" is not known: it is Policy`}},
		"no head":               {"waivers:\n", []string{"p.yaml:1: apiVersion: it is missing", "p.yaml:1: kind: it is missing"}},
		"a field misspelt":      {head + "waiver: []\n", []string{"p.yaml:3: waiver: there is no such field: did you mean waivers?"}},
		"a field invented":      {head + "thresholds: {}\n", []string{"p.yaml:3: thresholds: there is no such field: there are apiVersion, kind, severities, waivers"}},
		"a field twice":         {waiver(good + "\nreason: s"), []string{"p.yaml:7: waivers[0].reason: it stands here and in line 6: keep one"}},
		"no list":               {head + "waivers: {}\n", []string{"p.yaml:3: waivers: this is no list"}},
		"no mapping":            {head + "waivers:\n- GP104\n", []string{"p.yaml:4: waivers[0]: there are no fields here: write check, subject"}},
		"nothing in a waiver":   {head + "waivers:\n- {}\n", []string{"p.yaml:4: waivers[0].reason: it is missing", "p.yaml:4: waivers[0].check: it is missing", "p.yaml:4: waivers[0].until: it is missing: name the last day"}},
		"an unknown check":      {waiver("check: GP1O4\nuntil: 2026-12-31\nreason: r"), []string{`p.yaml:4: waivers[0].check: there is no check "GP1O4": did you mean GP104 (fail-closed-in-fatal-path)`}},
		"a check of no kind":    {waiver("check: zzzzzzzzzz\nuntil: 2026-12-31\nreason: r"), []string{`p.yaml:4: waivers[0].check: there is no check "zzzzzzzzzz": gke-preflight explain lists them`}},
		"no day":                {waiver("check: GP104\nuntil: next week\nreason: r"), []string{`p.yaml:5: waivers[0].until: "next week" is no day: write it as 2026-12-31`}},
		"a day with time":       {waiver("check: GP104\nuntil: 2026-12-31T10:00:00Z\nreason: r"), []string{"p.yaml:5: waivers[0].until: "}},
		"a day there is not":    {waiver("check: GP104\nuntil: 2026-11-31\nreason: r"), []string{"p.yaml:5: waivers[0].until: "}},
		"one day too far":       {waiver("check: GP104\nuntil: 2027-02-22\nreason: r"), []string{"p.yaml:5: waivers[0].until: 2027-02-22 is 91 days away, and a waiver ends within 90: use 2027-02-21 or a day before it, and renew it then"}},
		"a number for text":     {waiver("check: GP104\nuntil: 2026-12-31\nreason: 5"), []string{"p.yaml:6: waivers[0].reason: this is no text: put it in quotes"}},
		"a blank reason":        {waiver("check: GP104\nuntil: 2026-12-31\nreason: ' '"), []string{"p.yaml:6: waivers[0].reason: it is empty: say why"}},
		"an alias":              {waiver("check: GP104\nuntil: 2026-12-31\nreason: &r a\nowner: *r"), []string{"p.yaml:7: waivers[0].owner: *r is an alias"}},
		"an unknown severity":   {head + "severities:\n- {check: GP104, severity: fatal, reason: r}\n", []string{`p.yaml:4: severities[0].severity: "fatal" is no severity: use info, warning or blocker`}},
		"a blocker lowered":     {head + "severities:\n- {check: GP101, severity: info, reason: r}\n", []string{"p.yaml:4: severities[0].severity: GP101 can find blockers, and an override has no end: accept them by a waiver"}},
		"several, in the order": {head + "severities:\n- {check: GP104, severity: fatal, reason: r}\nwaivers:\n- {check: GP104, until: soon, reason: r}\n", []string{"p.yaml:4: ", "p.yaml:6: "}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := policy.Parse("p.yaml", []byte(c.given), checks, day)
			if err == nil {
				t.Fatal("no error")
			}
			got := strings.Split(err.Error(), "\n")
			if len(got) != len(c.want) {
				t.Fatalf("%d errors, want %d:\n%v", len(got), len(c.want), err)
			}
			for i := range got {
				if !strings.HasPrefix(got[i], c.want[i]) {
					t.Errorf("%s\nwant %s", got[i], c.want[i])
				}
			}
		})
	}
}

func TestWaiverOn(t *testing.T) {
	for days, want := range map[int]policy.State{-30: policy.Expired, -1: policy.Expired, 0: policy.EndsSoon, 14: policy.EndsSoon, 15: policy.InForce, 90: policy.InForce} {
		late := policy.Day(day.Add(23*time.Hour + 59*time.Minute))
		if got := (policy.Waiver{Until: day.AddDate(0, 0, days)}).On(late); got != want {
			t.Errorf("%d days before its end it is %s, want %s", days, got, want)
		}
	}
}

// What is read has what it needs, and what is wrong has a place.
func FuzzParse(f *testing.F) {
	f.Add([]byte(head + "severities:\n- {check: GP201, severity: blocker, reason: r}\nwaivers:\n- {check: GP104, subject: 'A b/c (d)', cluster: '*', until: 2026-12-31, reason: r, owner: o}\n"))
	f.Add([]byte(head + "waivers: &a\n- *a\n<<: *a\n? [b]\n: !!binary x\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := policy.Parse("p.yaml", b, checks, day)
		if err != nil {
			joined := err.(interface{ Unwrap() []error }).Unwrap()
			for _, e := range joined {
				if !strings.HasPrefix(e.Error(), "p.yaml:") || strings.HasPrefix(e.Error(), "p.yaml:0") {
					t.Errorf("without a place: %v", e)
				}
			}
			return
		}
		for _, w := range p.Waivers {
			if w.Check == "" || w.Reason == "" || w.Line == 0 || w.Until.IsZero() || w.Until.After(day.AddDate(0, 0, policy.MaxDays)) {
				t.Errorf("a waiver without an end: %+v", w)
			}
		}
		for _, o := range p.Severities {
			if o.Check == "" || o.Reason == "" || o.Check == "GP101" && o.Severity < preflight.Blocker {
				t.Errorf("an override that may not be: %+v", o)
			}
		}
	})
}
