package policy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/policy"
)

var (
	day    = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	checks = []preflight.Check{
		{ID: "GP101", Name: "startup-write-blocked", Title: "a", Severity: preflight.Blocker},
		{ID: "GP104", Name: "fail-closed-in-fatal-path", Title: "b", Severity: preflight.Warning},
		{ID: "GP201", Name: "auto-repair-exposed", Title: "c", Severity: preflight.Warning, Thresholds: []preflight.Threshold{daysLeft, restarts}, Run: few},
	}
)

var (
	daysLeft = preflight.Threshold{Check: "GP201", Name: "days", Default: 90, Min: 1, Max: 730, What: "how long before it is told"}
	restarts = preflight.Threshold{Check: "GP201", Name: "restarts", Default: 5, Min: 1, Max: 10, What: "how many are told"}
)

// few finds a if it has 60 days, b if it has 120, and leaves c open from 60 on.
func few(s *facts.Snapshot) (fs []preflight.Finding) {
	if daysLeft.Of(s) >= 60 {
		fs = append(fs, found(preflight.Warning, "a"), open(preflight.Info, "c"))
	}
	if daysLeft.Of(s) >= 120 {
		fs = append(fs, found(preflight.Warning, "b"))
	}
	if restarts.Of(s) > 5 {
		fs[0].Severity = preflight.Info
	}
	return fs
}

const head = "apiVersion: gke-preflight/v1\nkind: Policy\n"

// whole has each field that there is.
const whole = head + `severities:
- check: auto-repair-exposed
  subject: NodePool gpu-*
  cluster: acme/*
  severity: blocker
  reason: nothing may be lost there
thresholds:
- check: GP201
  cluster: acme/*
  set:
    restarts: 10
    days: 30
  reason: later is soon enough
waivers:
- check: gp104
  until: 2027-02-21
  reason: "yes"
  owner: sre
`

func TestParse(t *testing.T) {
	p, err := policy.Parse("p.yaml", []byte(whole), checks, day)
	if err != nil {
		t.Fatal(err)
	}
	want := &policy.Policy{File: "p.yaml",
		Severities: []policy.Override{{Scope: policy.Scope{Check: "GP201", Subject: "NodePool gpu-*", Cluster: "acme/*", Reason: "nothing may be lost there", Line: 4}, Severity: preflight.Blocker}},
		Thresholds: []policy.Moved{
			{Scope: policy.Scope{Check: "GP201", Cluster: "acme/*", Reason: "later is soon enough", Line: 14}, Threshold: daysLeft, Value: 30},
			{Scope: policy.Scope{Check: "GP201", Cluster: "acme/*", Reason: "later is soon enough", Line: 13}, Threshold: restarts, Value: 10},
		},
		Waivers: []policy.Waiver{{Scope: policy.Scope{Check: "GP104", Reason: "yes", Line: 17}, Until: day.AddDate(0, 0, policy.MaxDays), Owner: "sre"}},
	}
	if d := cmp.Diff(want, p); d != "" {
		t.Error(d)
	}
}

// waiver is a policy with one, and threshold one that sets one of a check.
func waiver(fields string) string {
	return head + "waivers:\n- " + strings.ReplaceAll(fields, "\n", "\n  ")
}

func threshold(check, set string) string {
	return head + "thresholds:\n- {check: " + check + ", set: {" + set + "}, reason: r}\n"
}

const good = "check: GP104\nuntil: 2026-12-31\nreason: r"

// mistakes are policies that are refused, and how what is said of each begins, line by line.
var mistakes = map[string]struct {
	given string
	want  []string
}{
	"nothing":               {"", []string{"p.yaml:1: it is empty: begin with apiVersion: gke-preflight/v1 and kind: Policy"}},
	"a comment":             {"# none\n", []string{"p.yaml:1: it is empty"}},
	"no YAML":               {head + "waivers: [", []string{"p.yaml:3: it is no YAML"}},
	"a list":                {"- a\n", []string{"p.yaml:1: there are no fields here: write apiVersion, kind, severities, thresholds, waivers"}},
	"two documents":         {head + "---\na: b\n", []string{"p.yaml:3: more follows after the policy"}},
	"another version":       {"apiVersion: gke-preflight/v2\nkind: Rules\n", []string{`p.yaml:1: apiVersion: "gke-preflight/v2" is not known: it is gke-preflight/v1`, `p.yaml:2: kind: "Rules" is not known: it is Policy`}},
	"no head":               {"waivers:\n", []string{"p.yaml:1: apiVersion: it is missing", "p.yaml:1: kind: it is missing"}},
	"a field misspelt":      {head + "waiver: []\n", []string{"p.yaml:3: waiver: there is no such field: did you mean waivers?"}},
	"a field invented":      {head + "exceptions: {}\n", []string{"p.yaml:3: exceptions: there is no such field: there are apiVersion, kind, severities, thresholds, waivers"}},
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
	"thresholds by name":    {head + "thresholds: {GP201: {days: 14}}\n", []string{"p.yaml:3: thresholds: this is no list: begin each entry with a dash"}},
	"no threshold set":      {threshold("GP201", ""), []string{"p.yaml:4: thresholds[0].set: it is missing: name a threshold and its value, such as {days: 30}"}},
	"no reason for one":     {head + "thresholds:\n- {check: GP201, set: {days: 30}}\n", []string{"p.yaml:4: thresholds[0].reason: it is missing: say why"}},
	"one of no such check":  {threshold("GP210", "days: 30"), []string{`p.yaml:4: thresholds[0].check: there is no check "GP210": did you mean GP101`}},
	"one of a check alone":  {threshold("GP104", "days: 30"), []string{"p.yaml:4: thresholds[0].check: GP104 has no thresholds: those that have are GP201"}},
	"one misspelt":          {threshold("GP201", "day: 30"), []string{"p.yaml:4: thresholds[0].set.day: there is no such field: did you mean days?"}},
	"one of another unit":   {threshold("GP201", "milliseconds: 30"), []string{"p.yaml:4: thresholds[0].set.milliseconds: there is no such field: there are days, restarts"}},
	"one with a unit":       {threshold("GP201", "days: 14d"), []string{`p.yaml:4: thresholds[0].set.days: "14d" is no number: write a whole number of days from 1 to 730, such as 90`}},
	"one in parts":          {threshold("GP201", "days: 1.5"), []string{`p.yaml:4: thresholds[0].set.days: "1.5" is no number`}},
	"one that is a list":    {threshold("GP201", "days: [1]"), []string{`p.yaml:4: thresholds[0].set.days: "" is no number`}},
	"one too small":         {threshold("GP201", "days: 0"), []string{"p.yaml:4: thresholds[0].set.days: 0 is out of range: write a whole number of days from 1 to 730, such as 90"}},
	"one too large":         {threshold("GP201", "days: 731"), []string{"p.yaml:4: thresholds[0].set.days: 731 is out of range"}},
	"one for a subject":     {head + "thresholds:\n- {check: GP201, subject: x, set: {days: 1}, reason: r}\n", []string{"p.yaml:4: thresholds[0].subject: there is no such field"}},
	"an unknown severity":   {head + "severities:\n- {check: GP104, severity: fatal, reason: r}\n", []string{`p.yaml:4: severities[0].severity: "fatal" is no severity: use info, warning or blocker`}},
	"a blocker lowered":     {head + "severities:\n- {check: GP101, severity: info, reason: r}\n", []string{"p.yaml:4: severities[0].severity: GP101 can find blockers, and an override has no end: accept them by a waiver"}},
	"several, in the order": {head + "severities:\n- {check: GP104, severity: fatal, reason: r}\nwaivers:\n- {check: GP104, until: soon, reason: r}\n", []string{"p.yaml:4: ", "p.yaml:6: "}},
}

func TestParseNamesEveryMistake(t *testing.T) {
	for name, c := range mistakes {
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
