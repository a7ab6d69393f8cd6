package rehearse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/rehearsal"
)

const (
	// settle is for what is written in the background once a replica is ready.
	settle = 3 * time.Second
	// longSettle is for writes that keep failing: one that hangs takes 34 s to fail.
	longSettle = 45 * time.Second
)

// upgrade starts the target and judges what becomes of it.
func (st *stage) upgrade(ctx context.Context, s *facts.Snapshot, r *rehearsal.Result) error {
	e, egress, err := st.egress(s)
	if err != nil {
		return err
	}
	cp := forecast.Of(s).ControlPlane
	flags := []string{egress, advertised(st.servers)}
	bound := bound(cp)
	st.Say("starting kube-apiserver %s: ready or not within %.0f s", st.to, bound.Seconds())
	var replica *controlplane.Replica
	if st.Kubelet {
		replica, err = st.supervise(ctx, cp, flags, r)
	} else {
		var out controlplane.Outcome
		out, err = st.plane.Upgrade(ctx, st.to, controlplane.UpgradeOptions{Bound: bound, Flags: flags, Settle: settle})
		r.Start, replica = startOf(out), out.Replica
	}
	if err != nil {
		return err
	}
	defer replica.Stop()
	r.To = replica.Version
	if r.Writes, err = st.writes(ctx, replica, r, cp); err != nil {
		return err
	}
	replica.Stop()
	r.Calls = callsOf(e.called())
	r.Problems = append(r.Problems, assumed(e.called())...)
	r.Problems = append(r.Problems, unpatched(e.called())...)
	if err := unstarted(r.Start, replica); err != nil {
		return err
	}
	r.Judge(cp)
	return nil
}

// unstarted is why a replica did not even begin: it ended without the line that one ends
// with in a hook, as where a port of its is taken. Nil where it began.
func unstarted(s rehearsal.Start, replica *controlplane.Replica) error {
	if s.State != string(controlplane.Exited) || s.Fatal != "" {
		return nil
	}
	return fmt.Errorf("kube-apiserver %s could not be started, which says nothing of the cluster:\n%s", replica.Version, replica.Process().Tail(5))
}

// bound is how long the target may take: as long as was foretold, and a minute.
func bound(cp forecast.ControlPlane) time.Duration {
	most := 60.0
	for _, s := range []*forecast.Seconds{cp.ReadyAfterSeconds, cp.ExitsAfterSeconds} {
		if s != nil {
			most = max(most, s.Max)
		}
	}
	if cp.Outcome == forecast.Unknown {
		most = max(most, 120)
		for _, h := range cp.Hooks {
			if h.Seconds != nil {
				most = max(most, h.Seconds.Max)
			}
		}
	}
	return time.Duration(min(most+60, 480) * float64(time.Second))
}

// supervise starts the target as a kubelet does.
func (st *stage) supervise(ctx context.Context, cp forecast.ControlPlane, flags []string, r *rehearsal.Result) (*controlplane.Replica, error) {
	limit := 4 * time.Minute
	if u := cp.UnderKubelet; u != nil && u.ReadyAfterSeconds != nil {
		limit = time.Duration((u.ReadyAfterSeconds.Max + 60) * float64(time.Second))
	}
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	lives, err := st.plane.Supervise(bounded, st.to, 0.5, flags...)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	for _, l := range lives {
		r.Lives = append(r.Lives, rehearsal.Life{Began: l.Began.Seconds(), State: string(l.State), Ready: l.Ready.Seconds(),
			Asked: l.Asked.Seconds(), Gone: l.Gone.Seconds(), Fatal: l.Fatal})
	}
	last := lives[len(lives)-1]
	r.Start = rehearsal.Start{State: string(last.State), Seconds: (last.Began + max(last.Ready, last.Gone)).Seconds(), Fatal: last.Fatal}
	all := st.plane.Replicas()
	replica := all[len(all)-1]
	if len(lives) > 1 && last.State != controlplane.Ready {
		r.Progress, err = progress(replica, replica.Process().Started)
	}
	return replica, err
}

// progress reports whether the life that began then made a write that lasts: the next
// one has less to do.
func progress(replica *controlplane.Replica, began time.Time) (bool, error) {
	events, err := replica.Audit()
	if err != nil {
		return false, err
	}
	events = slices.DeleteFunc(events, func(e auditv1.Event) bool { return e.StageTimestamp.Time.Before(began) })
	return slices.ContainsFunc(writesOf(events), lasting), nil
}

// writes are those that the target made, looked at until one keeps failing where that
// was foretold.
func (st *stage) writes(ctx context.Context, replica *controlplane.Replica, r *rehearsal.Result, cp forecast.ControlPlane) ([]rehearsal.Write, error) {
	deadline := time.Now().Add(longSettle)
	for {
		events, err := replica.Audit()
		if err != nil {
			return nil, err
		}
		writes := writesOf(events)
		fails := slices.ContainsFunc(writes, func(w rehearsal.Write) bool { return w.Failing })
		if r.Start.State != "ready" || fails || cp.Outcome != forecast.Degraded || time.Now().After(deadline) {
			return writes, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

func startOf(o controlplane.Outcome) rehearsal.Start {
	s := rehearsal.Start{State: string(o.State), Seconds: o.After.Seconds(), ExitCode: o.ExitCode, Fatal: o.Fatal, Hook: o.Hook, Red: o.Failing}
	if o.State != controlplane.Ready && s.Red == nil {
		s.Red = o.LastRed
	}
	return s
}

// callsOf counts the calls that were answered alike.
func callsOf(all []call) []rehearsal.Calls {
	calls := []rehearsal.Calls{}
	for _, c := range all {
		k := rehearsal.Calls{Culprit: c.Culprit, Answer: string(c.answer.Answer), Assumed: c.answer.Assumed != ""}
		n := slices.IndexFunc(calls, func(o rehearsal.Calls) bool { o.Calls = 0; return o == k })
		if n < 0 {
			n = len(calls)
			calls = append(calls, k)
		}
		calls[n].Calls++
	}
	return calls
}

// assumed are the answers that nobody had seen, one for each webhook.
func assumed(all []call) (problems []string) {
	seen := map[string]bool{}
	for _, c := range all {
		if c.answer.Assumed != "" && !seen[c.String()] {
			seen[c.String()] = true
			problems = append(problems, c.answer.Assumed+": its stand-in allowed, which proves nothing of it")
		}
	}
	return problems
}

// unpatched are the patches that stand-ins left out, one for each webhook and reason:
// whoever sees the write after them may say something else to it.
func unpatched(all []call) (problems []string) {
	for _, c := range all {
		p := fmt.Sprintf("%s changes what is written, and its stand-in did not: %s", c.Culprit, c.answer.Unpatched)
		if c.answer.Unpatched != "" && !slices.Contains(problems, p) {
			problems = append(problems, p)
		}
	}
	return problems
}

// loadingProblems are why what was loaded is not all that the cluster has.
func loadingProblems(s *facts.Snapshot, l rehearsal.Loaded) (problems []string) {
	for _, f := range rehearsal.Needs() {
		if a, absent := s.Absence(f); absent {
			problems = append(problems, fmt.Sprintf("%s could not be read of the cluster (%s): none were loaded", f.ID(), a))
		}
	}
	if n := len(l.Rejected); n > 0 {
		problems = append(problems, fmt.Sprintf("%d of the recorded objects the API server did not take, so that nothing is proven of what hangs on them: %s", n, strings.Join(l.Rejected[:min(n, 3)], "; ")))
	}
	return problems
}
