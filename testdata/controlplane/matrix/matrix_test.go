package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

func TestAll(t *testing.T) {
	seen := map[string]bool{}
	product := map[string]int{}
	for _, c := range All() {
		if seen[c.ID] {
			t.Errorf("%s is there twice", c.ID)
		}
		seen[c.ID] = true
		if c.Scope == everything.name && slices.ContainsFunc(faults, func(f fault) bool { return f.name == c.Fault }) {
			product[c.From+" "+c.Policy]++
		}
	}
	for _, from := range minors()[1:] {
		for _, policy := range []string{"Fail", "Ignore"} {
			if n := product[from+" "+policy]; n != 10 {
				t.Errorf("from %s with %s there are %d faults of ten", from, policy, n)
			}
		}
	}
}

const rbac, lease = "rbac/bootstrap-roles", "start-kube-apiserver-identity-lease-controller"

func TestJudge(t *testing.T) {
	seconds := &forecast.Seconds{Min: 30, Max: 35}
	crash := Foretold{Outcome: forecast.CrashLoop, Seconds: seconds, Hooks: []string{rbac}, Webhooks: []string{culprit}}
	with := func(f Foretold, change func(*Foretold)) Foretold {
		change(&f)
		return f
	}
	exit := Happened{Outcome: forecast.CrashLoop, Seconds: 32, Hooks: []string{rbac}, Webhooks: []string{culprit}}
	broken := Foretold{Outcome: forecast.Degraded, Hooks: []string{lease}, Webhooks: []string{culprit}, Rejected: []string{"create leases x"}}
	fails := Happened{Outcome: forecast.Degraded, Seconds: 2, Hooks: []string{lease}, Webhooks: []string{culprit}, Failing: []string{"create leases x"}}
	either := Foretold{Outcome: forecast.Delayed, AtBest: forecast.Ready, Seconds: &forecast.Seconds{Min: 1.5, Max: 16}, Hooks: []string{lease}, Webhooks: []string{culprit}}
	brokenOrLate := with(broken, func(f *Foretold) { f.Seconds = either.Seconds })
	late := Happened{Outcome: forecast.Delayed, Seconds: 11, Hooks: []string{lease}, Webhooks: []string{culprit}, Failing: []string{"create leases x"}}
	later, elsewhere, harmless := late, late, late
	later.Seconds, elsewhere.Hooks, harmless.Failing = 17, []string{rbac}, nil
	for name, c := range map[string]struct {
		foretold Foretold
		happened Happened
		want     string
	}{
		"right":                   {crash, exit, "right"},
		"unknown":                 {with(crash, func(f *Foretold) { f.Outcome = forecast.Unknown }), exit, "undecided"},
		"late or not, and not":    {either, Happened{Outcome: forecast.Ready, Seconds: 2, Webhooks: []string{culprit}}, "right"},
		"late or not, and late":   {either, late, "right"},
		"late or not, and later":  {either, later, "seconds off by 6 %"},
		"late or not, and worse":  {either, exit, "WRONG outcome"},
		"late or not, not here":   {with(either, func(f *Foretold) { f.AtBest = "" }), Happened{Outcome: forecast.Ready, Seconds: 2}, "WRONG outcome"},
		"degraded, and late":      {brokenOrLate, late, "right"},
		"degraded, much later":    {brokenOrLate, later, "seconds off by 6 %"},
		"degraded, late by more":  {brokenOrLate, elsewhere, "WRONG hook"},
		"degraded, only late":     {brokenOrLate, harmless, "WRONG outcome"},
		"another outcome":         {crash, Happened{Outcome: forecast.Ready, Seconds: 2}, "WRONG outcome"},
		"another hook":            {with(crash, func(f *Foretold) { f.Hooks = []string{lease} }), exit, "WRONG hook"},
		"nobody is blamed":        {with(crash, func(f *Foretold) { f.Webhooks = nil }), exit, "WRONG webhook"},
		"the healthy one, too":    {with(crash, func(f *Foretold) { f.Webhooks = []string{bystander, culprit} }), exit, "WRONG webhook"},
		"the log names another":   {crash, Happened{Outcome: forecast.CrashLoop, Seconds: 32, Hooks: []string{rbac}, Webhooks: []string{bystander}}, "WRONG webhook"},
		"the log names nobody":    {crash, Happened{Outcome: forecast.CrashLoop, Seconds: 32, Hooks: []string{rbac}}, "right"},
		"20 % too late":           {crash, Happened{Outcome: forecast.CrashLoop, Seconds: 42, Hooks: []string{rbac}}, "right"},
		"later":                   {crash, Happened{Outcome: forecast.CrashLoop, Seconds: 43, Hooks: []string{rbac}}, "seconds off by 23 %"},
		"earlier":                 {crash, Happened{Outcome: forecast.CrashLoop, Seconds: 21, Hooks: []string{rbac}}, "seconds off by 30 %"},
		"ready":                   {Foretold{Outcome: forecast.Ready}, Happened{Outcome: forecast.Ready, Webhooks: []string{culprit}}, "right"},
		"degraded":                {broken, fails, "right"},
		"a write more fails":      {broken, Happened{Outcome: forecast.Degraded, Hooks: []string{lease}, Failing: []string{"create leases x", "create leases y"}}, "WRONG hook"},
		"a hook more was blamed":  {with(broken, func(f *Foretold) { f.Hooks = []string{rbac, lease} }), fails, "WRONG hook"},
		"delayed, and others red": {Foretold{Outcome: forecast.Delayed, Hooks: []string{rbac}, Webhooks: []string{culprit}}, Happened{Outcome: forecast.Delayed, Hooks: []string{lease, rbac}}, "right"},
	} {
		t.Run(name, func(t *testing.T) {
			j := judge(c.foretold, c.happened)
			if got := j.String(); got != c.want {
				t.Errorf("it is %s, want %s", got, c.want)
			}
			if j.Right() != (c.want == "right") {
				t.Errorf("right is %t", j.Right())
			}
		})
	}
}

func TestClassify(t *testing.T) {
	const s = time.Second
	auth := controlplane.FailedWrite{Write: "update configmaps kube-system/extension-apiserver-authentication"}
	for name, c := range map[string]struct {
		out  controlplane.Outcome
		want Happened
	}{
		"ready": {
			controlplane.Outcome{State: controlplane.Ready, After: 3 * s, Answered: s, LastRed: []string{"poststarthook/" + rbac}},
			Happened{Outcome: forecast.Ready, Seconds: 3, Held: 2},
		},
		"ready on a slow machine": {
			controlplane.Outcome{State: controlplane.Ready, After: 9 * s, Answered: 7 * s},
			Happened{Outcome: forecast.Ready, Seconds: 9, Held: 2},
		},
		"late": {
			controlplane.Outcome{State: controlplane.Ready, After: 20 * s, Answered: s, LastRed: []string{"poststarthook/" + rbac}, FailedWrites: []controlplane.FailedWrite{auth}},
			Happened{Outcome: forecast.Delayed, Seconds: 20, Held: 19, Hooks: []string{rbac}, Failing: []string{auth.Write}},
		},
		"degraded": {
			controlplane.Outcome{State: controlplane.Ready, After: 3 * s, Answered: s, FailedWrites: []controlplane.FailedWrite{auth}},
			Happened{Outcome: forecast.Degraded, Seconds: 3, Held: 2, Hooks: []string{"start-cluster-authentication-info-controller"}, Failing: []string{auth.Write}},
		},
		"never ready": {
			controlplane.Outcome{State: controlplane.NotReady, After: 180 * s, Answered: s, Failing: []string{"autoregister-completion"}},
			Happened{Outcome: forecast.NeverReady, Seconds: 180, Held: 179, Hooks: []string{"autoregister-completion"}},
		},
		"exited in a hook": {
			controlplane.Outcome{State: controlplane.Exited, ExitCode: 255, After: 32 * s, Answered: s, Hook: rbac, Fatal: `F1123 04:00:00.000000  1 hooks.go:204] PostStartHook "x" failed`},
			Happened{Outcome: forecast.CrashLoop, Seconds: 32, Held: 31, Hooks: []string{rbac}, Said: `PostStartHook "x" failed`},
		},
		"exited otherwise": {
			controlplane.Outcome{State: controlplane.Exited, ExitCode: 1, After: s, Answered: s},
			Happened{Seconds: 1},
		},
	} {
		if d := cmp.Diff(c.want, classify(c.out)); d != "" {
			t.Errorf("%s: (- want, + got)\n%s", name, d)
		}
	}
}

func TestBlamed(t *testing.T) {
	log := `E1 rest.go:1] unable to reconcile: Internal error occurred: failed calling webhook "called.rig.test": failed to call webhook: EOF
W1 dispatcher.go:205] Failed calling webhook, failing open opened.rig.test: failed calling webhook "opened.rig.test": EOF
E1 x.go:1] err="admission webhook \"escaped.rig.test\" denied the request: no"
I1 trace.go:236] Trace[1]: "Call validating webhook" configuration:slow,webhook:slow.rig.test,resource:x (total time: 1s):
I1 healthz.go:1] "nobody.rig.test" is well
`
	got, err := blamed(strings.NewReader(log), []controlplane.FailedWrite{
		{Message: `clusterroles "x" is forbidden: ValidatingAdmissionPolicy 'policy' with binding 'everywhere' denied request`},
		{Message: `admission webhook "denies.rig.test" denied the request: no`},
	})
	want := []string{"called", "denies", "escaped", "opened", "policy", "slow"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

func TestHooksOf(t *testing.T) {
	got := hooksOf([]string{
		"update configmaps kube-system/extension-apiserver-authentication", "create leases.coordination.k8s.io kube-system/apiserver-HASH",
		"update leases.coordination.k8s.io kube-system/apiserver-HASH", "create widgets x",
	})
	want := []string{"create widgets x", "start-cluster-authentication-info-controller", lease}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestDocument holds the committed page against the committed results: each case
// that was not right is explained.
func TestDocument(t *testing.T) {
	known, err := load("results.json")
	if err != nil {
		t.Fatal(err)
	}
	explanations, err := loadExplanations("explanations.yaml")
	if err != nil {
		t.Fatal(err)
	}
	page := string(render(known.inOrder(), explanations))
	if strings.Contains(page, "Not explained.") {
		t.Error("explanations.yaml does not explain each case that was not right")
	}
	committed, err := os.ReadFile("../../../docs/accuracy.md")
	if err != nil {
		t.Fatal(err)
	}
	if page != string(committed) {
		t.Error("docs/accuracy.md is not what results.json and explanations.yaml make: go run ./testdata/controlplane/matrix -only none writes it anew")
	}
}

func TestTiming(t *testing.T) {
	var b strings.Builder
	result := func(seconds float64) Result {
		return Result{
			Foretold: Foretold{Outcome: forecast.CrashLoop, Seconds: &forecast.Seconds{Min: 30, Max: 34}, Hooks: []string{rbac}, Webhooks: []string{culprit}},
			Happened: Happened{Outcome: forecast.CrashLoop, Seconds: seconds, Hooks: []string{rbac}},
		}
	}
	timing(&b, []Result{result(32), result(32), result(40)})
	for _, want := range []string{"of the 3 replicas", "2 lie in", "off by 18 %", "4.0 s\nwide", "0 % at the median", "20 % at most"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("it does not say %q: %s", want, b.String())
		}
	}
}
