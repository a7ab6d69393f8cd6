package forecast

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestAtFault names who is to blame where nobody does it alone: an upgrade that
// fails and blames nobody leaves its reader without a way out.
func TestAtFault(t *testing.T) {
	who := func(name string) admission.Culprit {
		return admission.Culprit{Kind: admission.ValidatingWebhook, Name: name, Webhook: name + ".example.com"}
	}
	does := func(name string, e Effect, ms int64) Interception {
		return Interception{Culprit: who(name), Answer: string(facts.Allowed), Milliseconds: ms, Effect: e}
	}
	write := func(e Effect, by ...Interception) Write { return Write{Effect: e, InterceptedBy: by} }
	passes := write(Passes, does("slow", Passes, 400), does("quick", Passes, 30))
	waiting := Hook{Name: "waiting", Outcome: CrashLoop, WaitsFor: "other"}
	for _, c := range []struct {
		name string
		of   []Blame
		want []string
	}{
		{"who rejects", ControlPlane{}.AtFault(Hook{Outcome: CrashLoop, Writes: []Write{write(Rejects, does("slow", Slows, 9000), does("deny", Rejects, 1))}}), []string{"deny"}},
		{"waits of one write add up", ControlPlane{}.AtFault(Hook{Outcome: NeverReady, Writes: []Write{write(Rejects, does("a", Slows, 20000), does("b", Slows, 20000), does("quick", Passes, 1))}}), []string{"a", "b"}},
		{"one rejects a write, waits reject another", ControlPlane{}.AtFault(Hook{Outcome: CrashLoop, Writes: []Write{write(Rejects, does("deny", Rejects, 1)), write(Rejects, does("a", Slows, 20000), does("b", Slows, 20000))}}), []string{"deny", "a", "b"}},
		{"passes add up to the deadline", ControlPlane{}.AtFault(Hook{Outcome: CrashLoop, DeadlineSeconds: 1, WritesSeconds: &Seconds{1.2, 1.2}, Writes: []Write{passes, passes, passes}}), []string{"slow"}},
		{"passes may add up to the deadline", ControlPlane{}.AtFault(Hook{Outcome: Unknown, AtWorst: CrashLoop, DeadlineSeconds: 1, WritesSeconds: &Seconds{0.9, 1.2}, Writes: []Write{passes}}), []string{"slow"}},
		{"passes add up to a delay", ControlPlane{}.AtFault(Hook{Outcome: Delayed, Writes: []Write{passes}}), []string{"slow"}},
		{"the slowest alone would do", ControlPlane{}.AtFault(Hook{Outcome: CrashLoop, DeadlineSeconds: 1, WritesSeconds: &Seconds{2, 2}, Writes: []Write{write(Passes, does("slow", Passes, 1500), does("half", Passes, 400))}}), []string{"slow"}},
		{"neither alone would do", ControlPlane{}.AtFault(Hook{Outcome: CrashLoop, DeadlineSeconds: 1, WritesSeconds: &Seconds{1.2, 1.2}, Writes: []Write{write(Passes, does("slow", Passes, 800), does("half", Passes, 400))}}), []string{"slow", "half"}},
		{"late for another one that is late", ControlPlane{Hooks: []Hook{{Name: "late", Outcome: Delayed, WaitsFor: "slow"}, {Name: "slow", Outcome: Delayed, Writes: []Write{write(Slows, does("hung", Slows, 3000))}}}}.AtFault(Hook{Name: "late", Outcome: Delayed, WaitsFor: "slow", Writes: []Write{write(Passes, does("quick", Passes, 50))}}), []string{"hung"}},
		{"the other one is to blame", ControlPlane{Hooks: []Hook{waiting, {Name: "other", Outcome: NeverReady, Writes: []Write{write(Rejects, does("deny", Rejects, 1))}}}}.AtFault(waiting), []string{"deny"}},
		{"nobody, where it is only not known", ControlPlane{}.AtFault(Hook{Outcome: Unknown, AtWorst: CrashLoop, DeadlineSeconds: 30, Writes: []Write{passes}}), nil},
		{"nobody, where all is well", ControlPlane{}.AtFault(Hook{Outcome: Ready, Writes: []Write{passes}}), nil},
		{"what is open of one lease adds up", Lifeline{Outcome: Lost, Writes: []LifelineWrite{{Write: write(Rejects, does("a", Undecided, 3000), does("quick", Passes, 0), does("b", Undecided, 3000))}}}.AtFault(), []string{"a", "b"}},
		{"passes of one lease add up", Lifeline{Outcome: Lost, Writes: []LifelineWrite{{Write: write(Rejects, does("a", Passes, 900), does("b", Passes, 900))}}}.AtFault(), []string{"a", "b"}},
		{"a line that is kept", Lifeline{Outcome: Kept, Writes: []LifelineWrite{{Write: passes}}}.AtFault(), nil},
	} {
		var names []string
		for _, b := range c.of {
			names = append(names, b.Name)
		}
		if d := cmp.Diff(c.want, names); d != "" {
			t.Errorf("%s (want -, got +):\n%s", c.name, d)
		}
	}
}

// TestHarming lists after those at fault whoever is at fault once they are gone, so
// that one run of fix is enough.
func TestHarming(t *testing.T) {
	deny := Interception{Culprit: admission.Culprit{Name: "deny"}, Effect: Rejects}
	slow := Interception{Culprit: admission.Culprit{Name: "slow"}, Effect: Slows}
	h := Hook{Outcome: CrashLoop, Writes: []Write{{Effect: Slows, InterceptedBy: []Interception{slow}}, {Effect: Rejects, InterceptedBy: []Interception{deny}}}}
	var names []string
	for _, b := range (ControlPlane{}).Harming(h) {
		names = append(names, b.Name)
	}
	if !slices.Equal(names, []string{"deny", "slow"}) {
		t.Errorf("got %q", names)
	}
}
