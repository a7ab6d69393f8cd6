package backends

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight"
)

// planned is what the newest minor creates and the one before it does not: the
// tool asks about it, and nobody else writes it.
const planned = "system:controller:podcertificaterequestcleaner"

const namespace = "hooks"

// A hook is a staged webhook with all that is wrong with it.
type hook struct {
	name    string
	faults  []fault
	timeout time.Duration
}

// stage makes the webhook and its backend. It sees the planned write, and the one
// by which the API server itself is asked about it.
func (h hook) stage(ctx context.Context, c *rig.Cluster) error {
	o := rig.BackendOptions{Namespace: namespace, Service: h.name}
	for _, f := range h.faults {
		if f.options != nil {
			f.options(&o)
		}
	}
	b, err := c.StartBackend(ctx, o)
	if err != nil {
		return err
	}
	client := b.ClientConfig("/")
	mutating := false
	for _, f := range h.faults {
		if f.client != nil {
			f.client(&client)
		}
		if f.broken != nil {
			if err := f.broken(ctx, c, b); err != nil {
				return err
			}
		}
		mutating = mutating || f.mutating
	}
	seconds := int32(h.timeout / time.Second)
	rules := []admissionregistrationv1.RuleWithOperations{{
		Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
		Rule:       admissionregistrationv1.Rule{APIGroups: []string{"rbac.authorization.k8s.io"}, APIVersions: []string{"*"}, Resources: []string{"clusterroles"}},
	}}
	conditions := []admissionregistrationv1.MatchCondition{{Name: "asked", Expression: fmt.Sprintf("request.name in [%q, %q]", planned, h.name)}}
	if mutating {
		return c.Mutate(ctx, h.name, client, func(w *admissionregistrationv1.MutatingWebhook) {
			w.TimeoutSeconds, w.Rules, w.MatchConditions = &seconds, rules, conditions
		})
	}
	return c.Validate(ctx, h.name, client, func(w *admissionregistrationv1.ValidatingWebhook) {
		w.TimeoutSeconds, w.Rules, w.MatchConditions = &seconds, rules, conditions
	})
}

func stageAll(t testing.TB, c *rig.Cluster, hooks []hook) {
	t.Helper()
	for _, h := range hooks {
		if err := h.stage(t.Context(), c); err != nil {
			t.Fatalf("%s: %v", h.name, err)
		}
	}
}

// askServer has the API server itself put a write to each webhook, all at once,
// and holds what it says against the faults.
func askServer(t *testing.T, c *rig.Cluster, hooks []hook) {
	t.Helper()
	var wg sync.WaitGroup
	for _, h := range hooks {
		wg.Go(func() {
			role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: h.name}}
			_, err := c.Client.RbacV1().ClusterRoles().Create(t.Context(), role, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
			want := h.faults[0].refusal
			switch {
			case want == "" && err != nil:
				t.Errorf("%s: the API server refuses: %v", h.name, err)
			case want != "" && (err == nil || !regexp.MustCompile(want).MatchString(err.Error())):
				t.Errorf("%s: the API server says %v, not %q", h.name, err, want)
			}
		})
	}
	wg.Wait()
}

// roots are the findings on the webhook and its Service that nothing else
// explains, of the checks that tell faults apart and of those that say what the
// control plane suffers now.
func roots(fs []preflight.Finding, h hook) (found []preflight.Finding) {
	for _, f := range fs {
		mine := f.Subject.Name == h.name && (f.Subject.Webhook != "" || f.Subject.Kind == "Service" && f.Subject.Namespace == namespace)
		if mine && f.CausedBy == "" && counts(f.Check) {
			found = append(found, f)
		}
	}
	return found
}

// counts leaves out what holds for healthy backends too: that they are in the
// path of a fatal hook, and that they are a single Pod.
func counts(check string) bool {
	return check < "GP104" || check > "GP105" && check < "GP130"
}

// judge holds the findings against the faults: each is named by one, and there
// are no others.
func (h hook) judge(t *testing.T, fs []preflight.Finding, outside bool) {
	t.Helper()
	found := roots(fs, h)
	want := 0
	for _, f := range h.faults {
		says := f.says
		if outside && f.outside != "" {
			says = f.outside
		}
		if f.check == "" || says == unseen {
			continue
		}
		want++
		n := 0
		for _, g := range found {
			if g.Check == f.check && strings.Contains(g.Summary, says) && g.Remedy != "" && len(g.Evidence) > 0 {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s: %d findings of %s say %q", h.name, n, f.check, says)
		}
	}
	if len(found) != want {
		t.Errorf("%s: %d findings, want %d", h.name, len(found), want)
	}
	if t.Failed() {
		for _, g := range found {
			t.Logf("%s: %s: %s", h.name, g.Check, g.Summary)
		}
	}
}
