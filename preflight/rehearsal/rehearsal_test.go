package rehearsal

import (
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// TestJudge: what is taken for agreement decides whether users are told that the forecast
// was right.
func TestJudge(t *testing.T) {
	control := &Start{State: ready, Seconds: 3}
	hooks := []forecast.Hook{{Name: "rbac/bootstrap-roles", Outcome: forecast.CrashLoop, Fatal: true}}
	exits := forecast.ControlPlane{Outcome: forecast.CrashLoop, ExitsAfterSeconds: &forecast.Seconds{Min: 121, Max: 125}, Hooks: hooks}
	gets := forecast.ControlPlane{Outcome: forecast.Ready, ReadyAfterSeconds: &forecast.Seconds{Min: 1.5, Max: 6}}
	degraded := gets
	degraded.Outcome = forecast.Degraded
	degraded.Hooks = []forecast.Hook{{Name: "x", Writes: []forecast.Write{{Verb: "UPDATE", Resource: "configmaps", Namespace: "kube-system", Name: "c", Effect: forecast.Rejects}}}}
	exit := Start{State: exited, Seconds: 123, ExitCode: 255, Fatal: "F1130 ...", Hook: "rbac/bootstrap-roles"}
	other := exit
	other.Hook = "scheduling/bootstrap-system-priority-classes"
	wordless := exit
	wordless.Fatal, wordless.Hook = "", ""
	early := exit
	early.Seconds = 31
	draw := forecast.ControlPlane{Outcome: forecast.Unknown, Possible: []forecast.Possibility{{Outcome: forecast.Ready}, {Outcome: forecast.CrashLoop, Seconds: &forecast.Seconds{Min: 121, Max: 125}}}}
	failing := []Write{{Write: "update configmaps kube-system/c", Tries: 2, Failed: 2, Failing: true, Code: 403}}
	for name, c := range map[string]struct {
		foretold  forecast.ControlPlane
		r         Result
		outcome   forecast.Outcome
		agreement Agreement
	}{
		"ready as foretold":                         {gets, Result{Start: Start{State: ready, Seconds: 4}}, forecast.Ready, Agrees},
		"ready, and a crash-loop was foretold":      {exits, Result{Start: Start{State: ready, Seconds: 4}}, forecast.Ready, Differs},
		"exited as foretold":                        {exits, Result{Start: exit}, forecast.CrashLoop, Agrees},
		"exited in a hook that was not to fail":     {exits, Result{Start: other}, forecast.CrashLoop, Differs},
		"exited much earlier":                       {exits, Result{Start: early}, forecast.CrashLoop, Differs},
		"exited without a word, as by a wrong flag": {exits, Result{Start: wordless}, forecast.Unknown, Nothing},
		"still not ready, and ready was foretold":   {gets, Result{Start: Start{State: notReady, Seconds: 66}}, forecast.NeverReady, Differs},
		"much later than foretold":                  {gets, Result{Start: Start{State: ready, Seconds: 40}}, forecast.Delayed, Differs},
		"a write keeps failing that was to pass":    {gets, Result{Start: Start{State: ready, Seconds: 4}, Writes: failing}, forecast.Degraded, Differs},
		"a write keeps failing as foretold":         {degraded, Result{Start: Start{State: ready, Seconds: 4}, Writes: failing}, forecast.Degraded, Agrees},
		"none keeps failing of those foretold":      {degraded, Result{Start: Start{State: ready, Seconds: 4}}, forecast.Ready, Differs},
		"among what a draw may bring":               {draw, Result{Start: exit}, forecast.CrashLoop, Agrees},
		"nothing that a draw could bring":           {draw, Result{Start: early}, forecast.CrashLoop, Differs},
		"foretold is nothing":                       {forecast.ControlPlane{Outcome: forecast.Unknown}, Result{Start: exit}, forecast.CrashLoop, Open},
	} {
		c.r.Control = control
		if c.r.Judge(c.foretold); c.r.Outcome != c.outcome || c.r.Agreement != c.agreement || (c.agreement == Differs) != (len(c.r.Differences) > 0) {
			t.Errorf("%s: %s, %s %q", name, c.r.Outcome, c.r.Agreement, c.r.Differences)
		}
		c.r.Control = &Start{State: notReady, Seconds: 90}
		if c.r.Judge(c.foretold); c.r.Outcome != forecast.Unknown || c.r.Agreement != Nothing || c.r.Confirms() {
			t.Errorf("%s, with a control that fails: %s, %s", name, c.r.Outcome, c.r.Agreement)
		}
	}
}

// A write that the forecast does not know of may meet a webhook that nobody has asked.
func TestUnforetold(t *testing.T) {
	cp := forecast.ControlPlane{Outcome: forecast.Ready, ReadyAfterSeconds: &forecast.Seconds{Min: 1.5, Max: 6}, Hooks: []forecast.Hook{{Name: "x", Writes: []forecast.Write{
		{Verb: "CREATE", Resource: "leases.coordination.k8s.io", Namespace: "kube-system", Name: "apiserver-abc", Effect: forecast.Passes},
		{Verb: "UPDATE", Resource: "configmaps", Namespace: "kube-system", Name: "c", Effect: forecast.Passes}}}}}
	r := Result{Start: Start{State: ready, Seconds: 3}, Control: &Start{State: ready, Seconds: 3}, Writes: []Write{
		{Write: "update leases.coordination.k8s.io kube-system/apiserver-xyz"}, {Write: "patch configmaps kube-system/c"}, {Write: "create events.events.k8s.io default/e"}}}
	if r.Judge(cp); !r.Confirms() {
		t.Errorf("%+v", r)
	}
	r.Problems, r.Writes = nil, append(r.Writes, Write{Write: "create things.example.org a"})
	if r.Judge(cp); r.Confirms() || len(r.Problems) != 1 || r.Agreement != Agrees {
		t.Errorf("%+v", r)
	}
}
