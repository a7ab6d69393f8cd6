package watch_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
	"github.com/gke-preflight/gke-preflight/preflight/outage"
	"github.com/gke-preflight/gke-preflight/preflight/watch"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A step is an observation, so many seconds after the start.
type step struct {
	seconds int
	o       watch.Observation
}

func operation(kind, status, problem string) watch.Observation {
	return watch.Observation{Source: watch.Operations, Operations: []watch.Operation{{Operation: facts.Operation{Name: "operation-1", Type: kind, Status: status, Error: problem}}}}
}

func visit(version string, red ...string) watch.Observation {
	return watch.Observation{Source: watch.API, Visit: &watch.Visit{Version: version, Red: red, Ready: len(red) == 0}}
}

func metrics(version, started string, failures int64) watch.Observation {
	o := visit(version)
	o.Visit.Metrics = &facts.Metrics{StartedAt: started, Webhooks: []facts.WebhookCalls{{Webhook: "w.opa", Type: "Validating", Errors: failures}}}
	return o
}

func failedOpen(n int64) watch.Observation {
	o := metrics("1.35.4", "a", 0)
	o.Visit.Metrics.Webhooks[0].FailedOpen = n
	return o
}

func leases(all ...watch.Lease) watch.Observation {
	return watch.Observation{Source: watch.Leases, Leases: all}
}

func lease(name, holder string, renewed int) watch.Lease {
	return watch.Lease{Name: name, Host: "host-" + name, Holder: holder, Renewed: start.Add(time.Duration(renewed) * time.Second)}
}

func nodes(notReady, repairing []string, renewed int) watch.Observation {
	n := watch.NodesSeen{Total: 4, NotReady: notReady, Repairing: repairing, Renewed: map[string]time.Time{}}
	for i := range n.Total {
		n.Renewed[fmt.Sprintf("n%d", i)] = start.Add(time.Duration(renewed) * time.Second)
	}
	return watch.Observation{Source: watch.Nodes, Nodes: &n}
}

func blind(s watch.Source, why string) watch.Observation {
	return watch.Observation{Source: s, Error: why}
}

// foretold is a forecast in which webhook w.opa of configuration opa makes
// rbac/bootstrap-roles crash-loop and costs nodes their heartbeats.
func foretold() watch.Observation {
	by := []forecast.Interception{{Culprit: admission.Culprit{Kind: admission.ValidatingWebhook, Name: "opa", Webhook: "w.opa"}, Answer: string(facts.Hung), Effect: forecast.Rejects}}
	w := forecast.Write{Verb: "CREATE", Resource: "clusterroles", Effect: forecast.Rejects, InterceptedBy: by}
	r := preflight.Report{Cluster: preflight.ReportCluster{Version: "v1.35.4"}, TargetVersion: "1.36.3"}
	r.Forecast.ControlPlane = forecast.ControlPlane{Outcome: forecast.CrashLoop, Hooks: []forecast.Hook{
		{Name: "rbac/bootstrap-roles", Outcome: forecast.CrashLoop, Fatal: true, Writes: []forecast.Write{w}},
		{Name: "bootstrap-controller", Outcome: forecast.Ready},
	}}
	r.Forecast.Lifelines = []forecast.Lifeline{{Group: string(lifeline.Heartbeats), Name: "node leases", Outcome: forecast.Lost, Writes: []forecast.LifelineWrite{{Write: w}}}}
	r.Forecast.Stop = []outage.Stop{{Does: "keeps node pool p out of it", Command: "gcloud container node-pools update p --no-enable-autorepair"}}
	return watch.Observation{Source: watch.Forecast, Report: &r}
}

func clear() watch.Observation {
	r := preflight.Report{Cluster: preflight.ReportCluster{Version: "v1.35.4"}, TargetVersion: "1.36.3"}
	r.Forecast.ControlPlane.Outcome = forecast.Ready
	return watch.Observation{Source: watch.Forecast, Report: &r}
}

const (
	redRoles = "poststarthook/rbac/bootstrap-roles"
	chain    = "the foretold chain has begun: rbac/bootstrap-roles → ValidatingWebhookConfiguration opa (w.opa) → its backend does not answer in time"
	delete   = "kubectl delete validatingwebhookconfiguration opa"
)

func repeat(from, every, times int, o watch.Observation) []step {
	var out []step
	for i := range times {
		out = append(out, step{from + i*every, o})
	}
	return out
}

var sequences = []struct {
	name    string
	options watch.Options
	steps   []step
	// says are parts of what must be said, in that order; never what must not be.
	says, never []string
	alarm       bool
	outcome     watch.Outcome
}{
	{name: "an operation that ends well", steps: []step{
		{0, clear()}, {1, operation("UPGRADE_MASTER", "PENDING", "")}, {2, operation("UPGRADE_MASTER", "RUNNING", "")},
		{3, visit("1.35.4")}, {5, visit("1.36.3", redRoles)}, {9, visit("1.36.3")}, {600, operation("UPGRADE_MASTER", "DONE", "")},
	}, says: []string{"PENDING", "RUNNING", "1.36.3 is not ready yet", "is done"}, never: []string{"chain", "could not"}, outcome: watch.Succeeded},
	{name: "an operation that fails as was foretold", steps: []step{
		{0, foretold()}, {1, operation("UPGRADE_MASTER", "RUNNING", "")},
		{900, operation("UPGRADE_MASTER", "DONE", `component "kube-apiserver" from endpoint "gke-1" is unhealthy`)},
	}, says: []string{chain, delete, "has failed"}, alarm: true, outcome: watch.Failed},
	{name: "an operation that fails as was not foretold", steps: []step{
		{0, clear()}, {1, operation("UPGRADE_MASTER", "RUNNING", "")}, {900, operation("UPGRADE_MASTER", "DONE", "quota")},
	}, says: []string{"has failed: quota"}, never: []string{"chain"}, alarm: true, outcome: watch.Failed},
	{name: "an upgrade of nodes that fails is no chain of the control plane", steps: []step{
		{0, foretold()}, {1, operation("UPGRADE_NODES", "RUNNING", "")}, {900, operation("UPGRADE_NODES", "DONE", "kube-apiserver was busy")},
	}, says: []string{"has failed: kube-apiserver was busy"}, never: []string{"has begun"}, alarm: true, outcome: watch.Failed},
	{name: "an operation that is aborted", steps: []step{
		{0, clear()}, {1, operation("UPGRADE_NODES", "RUNNING", "")}, {2, operation("UPGRADE_NODES", "ABORTING", "")}, {3, operation("UPGRADE_NODES", "DONE", "")},
	}, says: []string{"ABORTING", "gives it up", "aborted"}, alarm: true, outcome: watch.Failed},
	{name: "a status that is not known", steps: []step{
		{0, clear()}, {1, operation("UPGRADE_MASTER", "99", "")}, {2, operation("UPGRADE_MASTER", "99", "")},
	}, says: []string{"99", "does not know", "not seen"}, outcome: watch.Unknown},
	{name: "a failed operation named by its ID", options: watch.Options{Operation: "operation-1"}, steps: []step{
		{0, operation("UPGRADE_MASTER", "DONE", "broken")},
	}, says: []string{"has failed: broken"}, alarm: true, outcome: watch.Failed},
	{name: "an operation that ended before the watch", options: watch.Options{For: time.Minute}, steps: repeat(0, 10, 7, operation("UPGRADE_MASTER", "DONE", "")),
		says: []string{"no upgrade", "waiting 1m0s", "none began"}, outcome: watch.Unknown},
	{name: "an operation that is not told of any more", steps: []step{
		{0, operation("UPGRADE_MASTER", "RUNNING", "")}, {1, watch.Observation{Source: watch.Operations}}, {2, watch.Observation{Source: watch.Operations}},
	}, says: []string{"tells no more", "not seen"}, outcome: watch.Unknown},
	{name: "a foretold hook that stays red among visits to others", steps: []step{
		{0, foretold()}, {2, visit("1.36.3", redRoles)}, {4, visit("1.35.4")}, {6, visit("1.36.3", redRoles)}, {12, visit("1.36.3", redRoles)}, {14, visit("1.36.3", redRoles)},
	}, says: []string{"crash-loop", chain, "[-]" + redRoles, delete, "chain of rbac/bootstrap-roles had begun"}, alarm: true, outcome: watch.Failed},
	{name: "a forecast that comes late", steps: []step{
		{0, visit("1.36.3", redRoles)}, {9, visit("1.36.3", redRoles)}, {10, foretold()}, {12, visit("1.36.3", redRoles)},
	}, says: []string{chain}, alarm: true, outcome: watch.Failed},
	{name: "a hook that is red as in every start", steps: append(append([]step{{0, foretold()}, {1, visit("1.35.4")}},
		repeat(2, 1, 5, visit("1.36.3", redRoles))...), repeat(8, 2, 15, visit("1.36.3"))...),
		says: []string{"1.36.3 serves everywhere"}, never: []string{"has begun"}, outcome: watch.Succeeded},
	{name: "a hook that is red in the starts of two replicas", steps: []step{
		{0, foretold()}, {2, visit("1.36.3", redRoles)}, {5, visit("1.36.3")}, {100, visit("1.36.3", redRoles)}, {103, visit("1.36.3")},
	}, never: []string{"has begun"}, outcome: watch.Unknown},
	{name: "a hook that stays red and was not foretold", steps: append([]step{{0, clear()}}, repeat(2, 5, 12, visit("1.36.3", redRoles))...),
		says: []string{"which was not foretold"}, never: []string{"has begun"}, alarm: true, outcome: watch.Unknown},
	{name: "the chain begins and the upgrade ends well all the same", steps: []step{
		{0, foretold()}, {1, operation("UPGRADE_MASTER", "RUNNING", "")}, {2, visit("1.36.3", redRoles)}, {11, visit("1.36.3", redRoles)}, {99, operation("UPGRADE_MASTER", "DONE", "")},
	}, says: []string{chain, "is done"}, alarm: true, outcome: watch.Succeeded},
	{name: "a version that was served from the start tells of no end", steps: append([]step{{0, watch.Observation{Source: watch.Forecast, Report: &preflight.Report{
		Cluster: preflight.ReportCluster{Version: "v1.36.3"}, TargetVersion: "1.36.3"}}}}, repeat(1, 1, 30, visit("1.36.3"))...),
		says: []string{"not seen"}, never: []string{"everywhere"}, outcome: watch.Unknown},
	{name: "two versions side by side are not everywhere", steps: slices.Concat([]step{{0, clear()}}, repeat(1, 2, 14, visit("1.36.3")), []step{{30, visit("1.35.4")}}, repeat(31, 1, 14, visit("1.36.3"))),
		says: []string{"not seen"}, never: []string{"everywhere"}, outcome: watch.Unknown},
	{name: "one of two API servers is met only", steps: slices.Concat([]step{{0, clear()}, {1, leases(lease("a", "a1", 0), lease("b", "b1", 0))}}, repeat(2, 1, 60, metrics("1.36.3", "a", 0))),
		says: []string{"not seen"}, never: []string{"everywhere"}, outcome: watch.Unknown},
	{name: "both API servers are met", steps: slices.Concat([]step{{0, clear()}, {1, leases(lease("a", "a1", 0), lease("b", "b1", 0))}}, repeat(2, 1, 15, metrics("1.36.3", "a", 0)), []step{{20, metrics("1.36.3", "b", 0)}}),
		says: []string{"1.36.3 serves everywhere"}, outcome: watch.Succeeded},
	{name: "an upgrade recreates a node", steps: []step{{0, operation("UPGRADE_NODES", "RUNNING", "")}, {1, nodes([]string{"n1"}, nil, 0)}, {9, operation("UPGRADE_NODES", "DONE", "")}},
		says: []string{"1 of 4 nodes are not ready"}, outcome: watch.Succeeded},
	{name: "calls that failed open", steps: []step{{0, clear()}, {1, failedOpen(3)}, {2, failedOpen(5)}},
		says: []string{"could not call webhook w.opa and let writes pass unseen: 2"}, outcome: watch.Unknown},
	{name: "an API that is not reached is not fine", steps: append([]step{{0, clear()}}, repeat(1, 2, 40, blind(watch.API, "connection refused"))...),
		says: []string{"api: could not look: connection refused", "(for 1m0s)", "not seen"}, outcome: watch.Unknown},
	{name: "an API that comes back", steps: []step{{0, blind(watch.API, "refused")}, {2, blind(watch.API, "refused")}, {4, visit("1.35.4")}},
		says: []string{"could not look", "can be looked at again, after 4s and 2 attempts"}, outcome: watch.Unknown},
	{name: "the old replica can't call the culprit", steps: []step{
		{0, foretold()}, {1, metrics("1.35.4", "a", 70)}, {3, metrics("1.35.4", "b", 5)}, {5, metrics("1.35.4", "a", 73)},
	}, says: []string{"could not call webhook w.opa and rejected writes for that: 3; it is foretold to be to blame for rbac/bootstrap-roles", delete}, never: []string{"has begun"}, alarm: true, outcome: watch.Unknown},
	{name: "the new replica can't call the culprit", steps: []step{{0, foretold()}, {1, metrics("1.36.3", "2026-03-01T12:00:01Z", 2)}, {3, metrics("1.36.3", "2026-03-01T12:00:01Z", 4)}},
		says: []string{chain, "rejected writes for that: 2"}, alarm: true, outcome: watch.Failed},
	{name: "what the new replica could not call before the watch began is no news", steps: []step{{0, foretold()}, {1, metrics("1.36.3", "2026-03-01T11:50:00Z", 200)}, {9, metrics("1.36.3", "2026-03-01T11:50:00Z", 200)}},
		never: []string{"could not call"}, outcome: watch.Unknown},
	{name: "what it can't call from then on is", steps: []step{{0, foretold()}, {1, metrics("1.36.3", "2026-03-01T11:50:00Z", 200)}, {9, metrics("1.36.3", "2026-03-01T11:50:00Z", 203)}},
		says: []string{"rejected writes for that: 3"}, alarm: true, outcome: watch.Failed},
	{name: "a process of today's version that started meanwhile", steps: []step{{0, clear()}, {5, metrics("1.35.4", "2026-03-01T12:00:03Z", 7)}},
		says: []string{"rejected writes for that: 7"}, alarm: true, outcome: watch.Unknown},
	{name: "calls that had failed before", steps: []step{{0, clear()}, {1, metrics("1.35.4", "a", 70)}, {3, metrics("1.35.4", "a", 70)}},
		never: []string{"could not call"}, outcome: watch.Unknown},
	{name: "a new API server that starts again", steps: []step{
		{0, foretold()}, {1, leases(lease("a", "a1", 0))}, {2, leases(lease("a", "a1", 2), lease("b", "b1", 2))}, {40, leases(lease("a", "a1", 40), lease("b", "b2", 40))},
	}, says: []string{"makes itself known: host-b", chain, "host-b has started again; starts since the watch began: 1"}, alarm: true, outcome: watch.Failed},
	{name: "an API server that is replaced in place", steps: []step{
		{0, foretold()}, {1, leases(lease("a", "a1", 0))}, {40, leases(lease("a", "a2", 40))}, {50, leases(lease("a", "a2", 50))},
	}, says: []string{"host-a was replaced"}, never: []string{"has begun"}, outcome: watch.Unknown},
	{name: "an API server that is replaced again and again", steps: []step{
		{0, foretold()}, {1, leases(lease("a", "a1", 0))}, {40, leases(lease("a", "a2", 40))}, {70, leases(lease("a", "a3", 70))},
	}, says: []string{"host-a was replaced", chain, "host-a has started again; starts since the watch began: 2"}, alarm: true, outcome: watch.Failed},
	{name: "a new API server that falls silent", steps: []step{
		{0, foretold()}, {1, leases(lease("a", "a1", 0))}, {2, leases(lease("a", "a1", 2), lease("b", "b1", 2))}, {33, leases(lease("a", "a1", 33), lease("b", "b1", 2))},
	}, says: []string{chain, "host-b has not renewed its lease for 31s"}, alarm: true, outcome: watch.Failed},
	{name: "nodes that fall silent", steps: []step{{0, foretold()}, {1, nodes(nil, nil, 0)}, {45, nodes(nil, nil, 0)}, {55, nodes(nil, nil, 50)}},
		says: []string{"the foretold chain has begun: node leases", "4 of 4 nodes are silent for 40 s: n0", delete, "no node is silent"}, alarm: true, outcome: watch.Failed},
	{name: "the clocks of nodes are not this one's", steps: []step{{0, clear()}, {1, nodes(nil, nil, -9000)}, {20, nodes(nil, nil, -8990)}, {50, nodes(nil, nil, -8960)}},
		never: []string{"nodes"}, outcome: watch.Unknown},
	{name: "auto-repair begins", steps: []step{{0, foretold()}, {1, nodes([]string{"n1"}, []string{"n1"}, 0)}, {2, nodes([]string{"n1"}, []string{"n1"}, 2)}},
		says: []string{"1 of 4 nodes are not ready: n1", "auto-repair has begun on nodes: n1", "--no-enable-autorepair"}, alarm: true, outcome: watch.Failed},
	{name: "what is said is safe to print", steps: []step{
		{0, operation("UPGRADE_MASTER", "RUNNING", "")}, {1, visit("1.36\x1b[2J\n12:00:00   end")}, {2, blind(watch.Nodes, "\u202egnp\x07")}, {3, operation("UPGRADE_MASTER", "DONE", "\x1b]0;x\x07")},
	}, never: []string{"\x1b", "\x07", "\u202e", "\n12"}, alarm: true, outcome: watch.Failed},
	{name: "a name that is none gets no command", steps: []step{{0, hostile()}, {2, visit("1.36.3", redRoles)}, {12, visit("1.36.3", redRoles)}},
		says: []string{"has begun"}, never: []string{"kubectl"}, alarm: true, outcome: watch.Failed},
}

func hostile() watch.Observation {
	o := foretold()
	o.Report.Forecast.ControlPlane.Hooks[0].Writes[0].InterceptedBy[0].Name = "opa; rm -rf ~"
	return o
}

func TestSequences(t *testing.T) {
	for _, s := range sequences {
		t.Run(s.name, func(t *testing.T) {
			events := run(t, s.options, s.steps)
			rest := ""
			alarm := false
			begun := map[string]bool{}
			for _, e := range events {
				if name := e.Hook + e.Lifeline; e.Kind == watch.Chain {
					if begun[name] {
						t.Errorf("that the chain of %s has begun is said twice", name)
					}
					begun[name] = true
				}
				rest += e.Text + "\n"
				for _, stop := range e.Stop {
					rest += stop.Command + "\n"
				}
				alarm = alarm || e.Alarm
			}
			for _, never := range s.never {
				if strings.Contains(rest, never) {
					t.Errorf("%q is said:\n%s", never, rest)
				}
			}
			said := rest
			for _, part := range s.says {
				_, after, found := strings.Cut(rest, part)
				if !found {
					t.Fatalf("%q is not said, or not in that order:\n%s", part, said)
				}
				rest = after
			}
			if last := events[len(events)-1]; last.Kind != watch.End || last.Outcome != s.outcome {
				t.Errorf("it ends with %+v, want %s", last, s.outcome)
			}
			if alarm != s.alarm {
				t.Errorf("an alarm is %v, want %v:\n%s", alarm, s.alarm, said)
			}
		})
	}
}

// run gives the steps to a watch, each by way of its recorded form, and ends it if
// they do not.
func run(t *testing.T, options watch.Options, steps []step) []watch.Event {
	t.Helper()
	if options.For == 0 {
		options.For = 30 * time.Second
	}
	w := watch.New(options)
	var events []watch.Event
	for _, s := range steps {
		s.o.At = start.Add(time.Duration(s.seconds) * time.Second)
		b, err := json.Marshal(s.o)
		var o watch.Observation
		if err == nil {
			err = json.Unmarshal(b, &o)
		}
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, w.See(o)...)
	}
	events = append(events, w.Stop(start.Add(time.Hour), "interrupted")...)
	if more := w.See(steps[0].o); more != nil {
		t.Errorf("after the end it says %v", more)
	}
	return events
}

func TestExitCodes(t *testing.T) {
	for o, want := range map[watch.Outcome]int{watch.Succeeded: 0, watch.Failed: 3, watch.Unknown: 4, "": 4} {
		if got := o.ExitCode(); got != want {
			t.Errorf("%q exits %d, want %d", o, got, want)
		}
	}
}
