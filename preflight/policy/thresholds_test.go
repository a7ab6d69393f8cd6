package policy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/policy"
)

// What a moved threshold does to findings and open questions: nothing that the
// default finds is lost.
func TestThresholds(t *testing.T) {
	entry := func(cluster, set string) string {
		return "- {check: GP201, cluster: " + cluster + ", set: {" + set + "}, reason: r}\n"
	}
	for name, c := range map[string]struct {
		policy string
		want   string
		moved  string
	}{
		"as it is":           {"", "warning a, open c", ""},
		"at its default":     {entry("acme/*", "days: 90"), "warning a, open c", ""},
		"of another cluster": {entry("other/*", "days: 30"), "warning a, open c", ""},
		"stricter":           {entry("acme/*", "days: 120"), "warning a, warning b, open c", "GP201 days 120 instead of 90"},
		"looser":             {entry("acme/*", "days: 30"), "waived warning a (GP201 days 30 instead of 90: r), waived open c", "GP201 days 30 instead of 90"},
		"less severe":        {entry("acme/*", "restarts: 6"), "info a (warning by GP201 restarts 6 instead of 5: r), open c", "GP201 restarts 6 instead of 5"},
		"the first counts":   {entry("acme/*", "days: 120") + entry("acme/*", "days: 30"), "warning a, warning b, open c", "GP201 days 120 instead of 90"},
		"both":               {entry("acme/*", "days: 120, restarts: 6"), "warning b, info a (warning by GP201 days 120 instead of 90: r; GP201 restarts 6 instead of 5: r), open c", "GP201 days 120 instead of 90, GP201 restarts 6 instead of 5"},
	} {
		t.Run(name, func(t *testing.T) {
			given := finding("GP201", few(snapshot)...)
			r := apply(given, rules(t, "thresholds:\n"+c.policy))
			if got := told(r); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			var moved []string
			for _, m := range r.Policy.Thresholds {
				moved = append(moved, m.String())
			}
			if got := strings.Join(moved, ", "); got != c.moved {
				t.Errorf("the report says %q, want %q", got, c.moved)
			}
			if got := told(apply(given, policy.Rules{})); got != "warning a, open c" {
				t.Errorf("the results were changed: %s", got)
			}
		})
	}
}

func told(r preflight.Report) string {
	var said []string
	waived := func(is bool) string {
		if is {
			return "waived "
		}
		return ""
	}
	for _, f := range r.Findings {
		s := waived(f.Waived) + f.Severity.String() + " " + f.Summary
		if f.Waived {
			s += " (" + f.Waiver.Reason + ")"
		}
		if f.Override != nil {
			s += " (" + f.Override.From.String() + " by " + f.Override.Reason + ")"
		}
		said = append(said, s)
	}
	for _, o := range r.Open {
		said = append(said, waived(o.Waived)+"open "+o.Subject.Name)
	}
	return strings.Join(said, ", ")
}

// A waiver of the policy goes before that of a threshold where it covers, and a
// severity before what a threshold made of one.
func TestThresholdsBesideOthers(t *testing.T) {
	const looser = "thresholds:\n- {check: GP201, set: {days: 30}, reason: r}\n"
	r := apply(finding("GP201", few(snapshot)...), rules(t, looser+"waivers:\n- {check: GP201, until: 2026-12-31, reason: mine}\n"))
	if got := r.Findings[0].Waiver.Reason; got != "mine" {
		t.Errorf("it is waived by %q", got)
	}
	r = apply(finding("GP201", few(snapshot)...), rules(t, looser+"waivers:\n- {check: GP201, until: 2026-11-01, reason: mine}\n"))
	if f := r.Findings[0]; !f.Waived || f.Waiver.Lapsed {
		t.Errorf("a lapsed waiver goes before the threshold: %v", f.Waiver)
	}
	r = apply(finding("GP201", few(snapshot)...), rules(t, looser+"severities:\n- {check: GP201, severity: blocker, reason: s}\n"))
	if f := r.Findings[0]; !f.Waived || f.Severity != preflight.Blocker || r.Verdict != preflight.Ready {
		t.Errorf("%s %s, waived %t", r.Verdict, f.Severity, f.Waived)
	}
}

// What is accepted and not there, and a severity that meets nothing, are told.
func TestUnmet(t *testing.T) {
	notices := func(r preflight.Report) (names []string) {
		for _, f := range r.Findings {
			if f.Check == "GP902" {
				names = append(names, f.Summary)
			}
		}
		return names
	}
	passed := finding("GP104")
	left := finding("GP104")
	left[0].Status, left[0].Reason = preflight.NotApplicable, "left out"
	for name, c := range map[string]struct {
		results []preflight.Result
		want    []string
	}{
		"passed":         {passed, []string{"--accept GP104 covers nothing: GP104 finds nothing and leaves nothing open"}},
		"not applicable": {left, []string{"--accept GP104 covers nothing: GP104 does not apply: left out"}},
		"found":          {finding("GP104", found(preflight.Warning, "a")), nil},
		"open":           {finding("GP104", open(preflight.Warning, "a")), nil},
		"unanswered":     {unanswered("GP104"), nil},
	} {
		if got := notices(apply(c.results, policy.Rules{Accept: []string{"GP104", "GP104"}, Day: day})); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	const severity = "severities:\n- {check: GP104, subject: NodePool x/a, severity: blocker, reason: r}\n- {check: GP104, cluster: other/*, severity: info, reason: r}\n"
	for name, c := range map[string]struct {
		results []preflight.Result
		want    []string
	}{
		"passed":              {passed, []string{"p.yaml:4 (GP104 for NodePool x/a)"}},
		"another subject":     {finding("GP104", found(preflight.Warning, "b")), []string{"p.yaml:4 (GP104 for NodePool x/a)"}},
		"found":               {finding("GP104", found(preflight.Warning, "a")), nil},
		"raises what is open": {finding("GP104", open(preflight.Warning, "b")), nil},
		"unanswered":          {unanswered("GP104"), nil},
	} {
		if got := apply(c.results, rules(t, severity)).Policy.Unmet; !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
