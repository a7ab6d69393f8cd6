package forecast

import (
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

// The seconds are those that real API servers took; see docs/how-it-works.md.
func TestRunHook(t *testing.T) {
	rbac := bootstrap.Hook{Name: "rbac/bootstrap-roles", Failing: bootstrap.ExitAfterPasses, Deadline: 30 * time.Second, Interval: time.Second, Blocks: true}
	priority := bootstrap.Hook{Failing: bootstrap.ExitAtOnce, Blocks: true}
	ips := bootstrap.Hook{Failing: bootstrap.ExitAtDeadline, Deadline: time.Minute, Blocks: true}
	autoregister := bootstrap.Hook{Failing: bootstrap.NeverReady}
	lease := bootstrap.Hook{Failing: bootstrap.Retry, Blocks: true}
	background := bootstrap.Hook{Failing: bootstrap.Retry}
	rejected := func(cost time.Duration) simulated { return simulated{worst: bound{rejects: true, cost: cost}} }
	passed := func(cost time.Duration) simulated { return simulated{worst: bound{rejects: false, cost: cost}} }
	later := func(cost time.Duration) simulated {
		return simulated{Write: bootstrap.Write{Background: true}, worst: bound{rejects: true, cost: cost}}
	}
	optional := func(cost time.Duration) simulated {
		return simulated{Write: bootstrap.Write{Optional: true}, worst: bound{rejects: true, cost: cost}}
	}
	const s = time.Second
	for name, c := range map[string]struct {
		hook    bootstrap.Hook
		writes  []simulated
		outcome Outcome
		// exits is the measured time from process start; zero where the process stays.
		exits time.Duration
	}{
		"six writes hang for 10 s":              {rbac, times(6, rejected(10*s)), CrashLoop, 123 * s},
		"four writes hang for 10 s":             {rbac, times(4, rejected(10*s)), CrashLoop, 83 * s},
		"one write hangs for 10 s":              {rbac, times(1, rejected(10*s)), CrashLoop, 44 * s},
		"six writes are denied at once":         {rbac, times(6, rejected(0)), CrashLoop, 32 * s},
		"what passed slowly is not repeated":    {rbac, append(times(5, passed(2*s)), rejected(0)), CrashLoop, 32 * s},
		"slow writes pass late but well":        {rbac, times(6, passed(10*s)), Delayed, 0},
		"quick writes":                          {rbac, times(6, passed(5*time.Millisecond)), Ready, 0},
		"no writes":                             {rbac, nil, Ready, 0},
		"a priority class is denied":            {priority, times(1, rejected(0)), CrashLoop, 2 * s},
		"an IP address is denied":               {ips, times(13, rejected(0)), CrashLoop, 61500 * time.Millisecond},
		"slow IP addresses miss the deadline":   {ips, times(13, passed(10*s)), CrashLoop, 61500 * time.Millisecond},
		"an APIService is denied":               {autoregister, times(1, rejected(0)), NeverReady, 0},
		"the lease's deletion hangs for 10 s":   {lease, times(1, optional(10*s)), Delayed, 0},
		"the lease's deletion is denied":        {lease, times(1, optional(0)), Ready, 0},
		"only later writes of a blocker fail":   {lease, []simulated{later(10 * s)}, Degraded, 0},
		"a background write hangs":              {background, times(1, rejected(10*s)), Degraded, 0},
		"a background write is slow but passes": {background, times(1, passed(10*s)), Ready, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := runHook(c.hook, c.writes, run{}, atWorst)
			if r.outcome != c.outcome {
				t.Fatalf("outcome is %s, want %s", r.outcome, c.outcome)
			}
			if c.exits > 0 && (hooksBeginMin+r.took > c.exits || hooksBeginMax+r.took < c.exits) {
				t.Errorf("exits %v to %v after its start; measured was %v", hooksBeginMin+r.took, hooksBeginMax+r.took, c.exits)
			}
		})
	}
}

func times(n int, w simulated) []simulated {
	ws := make([]simulated, n)
	for i := range ws {
		ws[i] = w
	}
	return ws
}

// TestForetell joins both ends: what certainly happens is said, what may happen
// is unknown and named.
func TestForetell(t *testing.T) {
	const s = time.Second
	fatal := bootstrap.Hook{Failing: bootstrap.ExitAfterPasses, Deadline: 30 * s, Interval: s, Blocks: true}
	lease := bootstrap.Hook{Failing: bootstrap.Retry, Blocks: true}
	write := func(best, worst bound) simulated { return simulated{best: best, worst: worst} }
	maybe := func(worst bound) simulated {
		return simulated{Write: bootstrap.Write{Optional: true, Condition: "if there is an old lease"}, best: worst, worst: worst}
	}
	optionally := func(best, worst bound) simulated {
		w := maybe(worst)
		w.best = best
		return w
	}
	background := func(b bound) simulated {
		return simulated{Write: bootstrap.Write{Background: true}, best: b, worst: b}
	}
	for name, c := range map[string]struct {
		hook             bootstrap.Hook
		writes           []simulated
		outcome, atWorst Outcome
		atBest           Outcome
	}{
		"both ends fail":                            {fatal, []simulated{write(bound{rejects: true, cost: 0}, bound{rejects: true, cost: 10 * s})}, CrashLoop, "", ""},
		"it may fail":                               {fatal, []simulated{write(bound{rejects: false, cost: 0}, bound{rejects: true, cost: 10 * s})}, Unknown, CrashLoop, ""},
		"it may be slow":                            {fatal, []simulated{write(bound{rejects: false, cost: 0}, bound{rejects: false, cost: 10 * s})}, Unknown, Delayed, ""},
		"it is slow, less or more":                  {fatal, []simulated{write(bound{rejects: false, cost: 5 * s}, bound{rejects: false, cost: 10 * s})}, Delayed, "", ""},
		"it may be rejected for a while":            {fatal, []simulated{write(bound{}, bound{rejects: true, until: 31 * s})}, Unknown, CrashLoop, ""},
		"a lease may be rejected for a while":       {lease, []simulated{write(bound{}, bound{rejects: true, until: 31 * s})}, Unknown, Delayed, ""},
		"an optional write may be slow":             {lease, []simulated{maybe(bound{rejects: true, cost: 10 * s})}, Delayed, "", Ready},
		"it may be slow, and something fails":       {lease, []simulated{maybe(bound{rejects: true, cost: 10 * s}), background(bound{rejects: true, cost: s})}, Degraded, "", ""},
		"it may be slow, whether it happens or not": {lease, []simulated{optionally(bound{}, bound{cost: 10 * s})}, Unknown, Delayed, ""},
		"nothing is in the way":                     {fatal, []simulated{write(bound{}, bound{})}, Ready, "", ""},
		"a slow write of a hook nobody waits on":    {bootstrap.Hook{Failing: bootstrap.Retry}, []simulated{background(bound{rejects: false, cost: 20 * s})}, Ready, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if h := foretell(c.hook, c.writes, ends{}); h.Outcome != c.outcome || h.AtWorst != c.atWorst || h.AtBest != c.atBest {
				t.Errorf("%s, at best %q, at worst %q; want %s, at best %q, at worst %q", h.Outcome, h.AtBest, h.AtWorst, c.outcome, c.atBest, c.atWorst)
			}
		})
	}
}

func TestWorst(t *testing.T) {
	for name, c := range map[string]struct {
		hooks []Hook
		want  Outcome
		best  Outcome
	}{
		"none":                                   {nil, Ready, ""},
		"one crashes, one is unknown":            {[]Hook{{Outcome: Unknown, AtWorst: CrashLoop}, {Outcome: CrashLoop}}, CrashLoop, ""},
		"one is delayed, one may crash":          {[]Hook{{Outcome: Delayed}, {Outcome: Unknown, AtWorst: CrashLoop}}, Unknown, ""},
		"one is delayed, one may be":             {[]Hook{{Outcome: Delayed}, {Outcome: Unknown, AtWorst: Delayed}}, Delayed, ""},
		"one is ready, one may be delayed":       {[]Hook{{Outcome: Ready}, {Outcome: Unknown, AtWorst: Delayed}}, Unknown, ""},
		"one is degraded, one is never ready":    {[]Hook{{Outcome: Degraded}, {Outcome: NeverReady}}, NeverReady, ""},
		"one is delayed, one degraded and ready": {[]Hook{{Outcome: Degraded}, {Outcome: Delayed}, {Outcome: Ready}}, Delayed, ""},
		"one may be late":                        {[]Hook{{Outcome: Delayed, AtBest: Ready}, {Outcome: Ready}}, Delayed, Ready},
		"one may be late, one is degraded":       {[]Hook{{Outcome: Delayed, AtBest: Ready}, {Outcome: Degraded}}, Degraded, ""},
		"one may be late, one is":                {[]Hook{{Outcome: Delayed, AtBest: Ready}, {Outcome: Delayed}}, Delayed, ""},
		"one may be late, one is open":           {[]Hook{{Outcome: Delayed, AtBest: Ready}, {Outcome: Unknown, AtWorst: Degraded}}, Unknown, ""},
	} {
		if got, best := worst(c.hooks); got != c.want || best != c.best {
			t.Errorf("%s: %s, at best %q; want %s, at best %q", name, got, best, c.want, c.best)
		}
	}
}
