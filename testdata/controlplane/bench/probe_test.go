package bench

import (
	"context"
	"fmt"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/gke/dial"
	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
	"github.com/gke-preflight/gke-preflight/testdata/controlplane/bound"
)

const (
	hung         = 50
	timeout      = 10 * time.Second
	mostTimeouts = 1.15
)

// A hook makes the backend a webhook.
type hook func(context.Context, *rig.Cluster, *rig.Backend) error

// BenchmarkProbe has 50 webhooks hang, each with a backend of its own, and holds
// the time that all questions take together against the timeout of one.
func BenchmarkProbe(b *testing.B) {
	for _, s := range []struct {
		name  string
		hook  hook
		where facts.Vantage
		// found is how many webhooks must be found to hang, at least. Those that see
		// requests to the service proxy stop the questions to one another.
		found int
	}{
		{"validating", validating, facts.ServiceProxy, hung},
		{"mutating-failing-open", mutatingFailingOpen, facts.ServiceProxy, hung},
		{"on-everything", onEverything, facts.ServiceProxy, 0},
		{"on-everything-from-pod-network", onEverything, facts.PodNetwork, hung},
	} {
		b.Run(s.name, func(b *testing.B) {
			c := rig.Start(b, controlplane.Options{})
			hang(b, c, s.hook)
			questions := plan(b, c, s.where)
			b.ResetTimer()
			var probed []time.Duration
			for range b.N {
				for range rounds {
					probed = append(probed, took(func() { ask(b, c, questions, s.found) }))
				}
			}
			ratio := median(probed).Seconds() / timeout.Seconds()
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(len(questions)), "questions")
			b.ReportMetric(median(probed).Seconds(), "probe-s")
			b.ReportMetric(ratio, "ratio")
			bound.Hold(b, "asking 50 webhooks that hang, against one timeout: "+s.name, ratio, mostTimeouts, "times")
		})
	}
}

// validating is on every object that is created or updated, as webhooks are that
// want to see everything.
func validating(ctx context.Context, c *rig.Cluster, b *rig.Backend) error {
	return c.Validate(ctx, b.Service, b.ClientConfig("/"), func(w *admissionregistrationv1.ValidatingWebhook) { w.Rules = written(w.Rules) })
}

func mutatingFailingOpen(ctx context.Context, c *rig.Cluster, b *rig.Backend) error {
	return c.Mutate(ctx, b.Service, b.ClientConfig("/"), func(w *admissionregistrationv1.MutatingWebhook) {
		ignore := admissionregistrationv1.Ignore
		w.FailurePolicy, w.Rules = &ignore, written(w.Rules)
	})
}

func written(rules []admissionregistrationv1.RuleWithOperations) []admissionregistrationv1.RuleWithOperations {
	rules[0].Operations = []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update}
	rules[0].Resources = []string{"*"}
	return rules
}

func onEverything(ctx context.Context, c *rig.Cluster, b *rig.Backend) error {
	return c.Validate(ctx, b.Service, b.ClientConfig("/"))
}

func hang(b *testing.B, c *rig.Cluster, make hook) {
	b.Helper()
	_, err := c.StartKubelet(b.Context(), "node-1")
	check(b, err)
	var backends []*rig.Backend
	for i := range hung {
		backend, err := c.StartBackend(b.Context(), rig.BackendOptions{Namespace: "hooks", Service: fmt.Sprintf("hook-%02d", i)})
		check(b, err)
		backends = append(backends, backend)
	}
	for _, backend := range backends {
		check(b, make(b.Context(), c, backend))
	}
	for _, backend := range backends {
		backend.Behave(controlplane.Hang())
	}
}

func plan(b *testing.B, c *rig.Cluster, where facts.Vantage) []probe.Request {
	b.Helper()
	s := facts.New(facts.Meta{Target: rig.Newest(b).Version}, kube.Collect(b.Context(), c.Config, kube.Options{})...)
	return probe.Plan(s, admission.Intercept(s), probe.Options{Vantage: where, PortForward: true})
}

// ask requires that so many webhooks are found to hang, and none to answer.
func ask(b *testing.B, c *rig.Cluster, questions []probe.Request, want int) {
	b.Helper()
	found := map[string]bool{}
	answers := map[facts.Answer]int{}
	for _, a := range dial.Probe(b.Context(), questions, dial.Clients{Config: c.Config, Inside: true}) {
		if a.Webhook == "" {
			continue
		}
		answers[a.Answer]++
		if a.Answer == facts.Hung || a.Answer == facts.HungBeforeTLS {
			found[a.Webhook] = true
		}
	}
	if len(found) < want || answers[facts.Allowed] > 0 {
		b.Errorf("%d webhooks were found to hang, want %d: %v", len(found), want, answers)
	}
}
