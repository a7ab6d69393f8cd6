package faults

import (
	"slices"
	"strings"
	"testing"
	"time"

	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

// judgeDenied holds what became of a server whose write is refused against the
// table's row: whether it ends, when and in which hook; whether it stays red, and
// by which check; whether it tries again.
func (f fault) judgeDenied(t *testing.T, minor string, h bootstrap.Hook, out controlplane.Outcome) {
	t.Helper()
	if f.write == "" {
		if out.State != controlplane.Ready {
			t.Errorf("the server is %s, though the hook sends no request", out)
		}
		return
	}
	tries := f.sent(out)
	if len(tries) == 0 {
		t.Fatalf("the server is %s and has not tried to %s", out, f.write)
	}
	exits := endsIn(t, minor, h)
	switch {
	case f.optional:
		if out.State != controlplane.Ready {
			t.Errorf("the server is %s, though it can do without the write", out)
		}
	case exits != nil:
		// Counted from when its hooks begin: a busy machine takes long to get there.
		late := out.Answered + exits.Deadline + exits.Deadline/10 + 10*time.Second
		if out.State != controlplane.Exited || out.ExitCode != 255 || out.Hook != exits.Name || out.After < exits.Deadline || out.After > late {
			t.Errorf("the server %s; it should exit in %s after %s to %s: %s", out, exits.Name, exits.Deadline, late, out.Fatal)
		}
		if h.Failing != bootstrap.ExitAtOnce && !red(out.LastRed, h.Name) {
			t.Errorf("red before: %s; it should be %s", strings.Join(out.LastRed, ", "), h.Name)
		}
	case h.Failing == bootstrap.NeverReady:
		if out.State != controlplane.NotReady || !red(out.Failing, h.Name) {
			t.Errorf("the server is %s; %s should stay red", out, h.Name)
		}
	default:
		if out.State != controlplane.Ready || !slices.ContainsFunc(out.FailedWrites, func(w controlplane.FailedWrite) bool {
			return strings.HasPrefix(w.Write, f.write)
		}) {
			t.Errorf("the server is %s; it should be ready while it can't %s", out, f.write)
		}
	}
	f.judgeRetry(t, h, tries)
}

// judgeRetry: a hook with an interval tries again, one without does not.
func (f fault) judgeRetry(t *testing.T, h bootstrap.Hook, tries []auditv1.Event) {
	t.Helper()
	once := h.Failing == bootstrap.ExitAtOnce || h.Failing == bootstrap.ExitAtDeadline && h.Interval == 0
	switch {
	case f.tries > 0:
		if len(tries) != f.tries {
			t.Errorf("%d tries; there should be %d", len(tries), f.tries)
		}
	case f.optional, h.Interval >= time.Minute:
	case once && len(tries) > 1:
		t.Errorf("%d tries; it should be one", len(tries))
	case !once && len(tries) < 2:
		t.Errorf("one try; there should be more")
	}
}

// judgeSlow: a server whose write takes long is ready in the end. If the hook
// blocks, that is not before the write is done, or the client has given up.
func (f fault) judgeSlow(t *testing.T, h bootstrap.Hook, out controlplane.Outcome, begun time.Time) {
	t.Helper()
	if out.State != controlplane.Ready {
		t.Fatalf("the server is %s: %s", out, out.Fatal)
	}
	tries := f.sent(out)
	if len(tries) == 0 {
		t.Fatalf("it has not tried to %s", f.write)
	}
	took := tries[0].StageTimestamp.Sub(tries[0].RequestReceivedTimestamp.Time)
	want := slowness
	if h.WriteTimeout > 0 {
		want = h.WriteTimeout
	}
	if took < want-time.Second || took > want+4*time.Second {
		t.Errorf("the write took %s; it should be %s", took, want)
	}
	waited := begun.Add(out.After).After(tries[0].StageTimestamp.Add(-time.Second))
	if waited != h.Blocks {
		t.Errorf("ready after %s, and the write was done after %s: blocks %t, want %t",
			out.After, tries[0].StageTimestamp.Sub(begun), waited, h.Blocks)
	}
}

// sent are the server's requests for the fault's write.
func (f fault) sent(out controlplane.Outcome) []auditv1.Event {
	return slices.DeleteFunc(slices.Clone(out.Writes), func(e auditv1.Event) bool {
		return !strings.HasPrefix(controlplane.Describe(e), f.write)
	})
}

func red(checks []string, hook string) bool {
	return slices.Contains(checks, hook) || slices.Contains(checks, "poststarthook/"+hook)
}
