package admission_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// Writes are shared by whoever plans, matches and probes: one that a mutating
// policy changed in place would be probed as it never is.
func TestMatchLeavesTheWriteAndIsConcurrent(t *testing.T) {
	for _, c := range cases(t) {
		var wg sync.WaitGroup
		for _, w := range c.Writes {
			before, old := w.Object.DeepCopy(), w.OldObject.DeepCopy()
			for range 4 {
				wg.Go(func() {
					if diff := cmp.Diff(w.Want, lines(c, w)); diff != "" {
						t.Errorf("%s: %s (-want +got):\n%s", c.Name, w.Key(), diff)
					}
				})
			}
			wg.Wait()
			if diff := cmp.Diff(before, w.Object); diff != "" {
				t.Errorf("%s: %s: the object has changed:\n%s", c.Name, w.Key(), diff)
			}
			if diff := cmp.Diff(old, w.OldObject); diff != "" {
				t.Errorf("%s: %s: the old object has changed:\n%s", c.Name, w.Key(), diff)
			}
		}
	}
}

func hookWith(change func(*admissionregistrationv1.MutatingWebhook)) *facts.Snapshot {
	none := admissionregistrationv1.SideEffectClassNone
	h := admissionregistrationv1.MutatingWebhook{
		Name: "hook.example.com",
		ClientConfig: admissionregistrationv1.WebhookClientConfig{
			Service: &admissionregistrationv1.ServiceReference{Namespace: "default", Name: "hook"},
		},
		SideEffects:             &none,
		AdmissionReviewVersions: []string{"v1"},
		Rules: []admissionregistrationv1.RuleWithOperations{{
			Operations: []admissionregistrationv1.OperationType{"*"},
			Rule:       admissionregistrationv1.Rule{APIGroups: []string{"*"}, APIVersions: []string{"*"}, Resources: []string{"*"}},
		}},
	}
	change(&h)
	config := admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "config"}, Webhooks: []admissionregistrationv1.MutatingWebhook{h},
	}
	return facts.New(facts.Meta{},
		facts.Present(facts.MutatingWebhooks, []admissionregistrationv1.MutatingWebhookConfiguration{config}),
		facts.Present(facts.APIResources, []facts.APIResource{}),
		facts.Present(facts.Namespaces, []facts.Namespace{}))
}

var clusterRole = bootstrap.Write{
	Operation: bootstrap.Delete, Name: "reader", User: bootstrap.Loopback,
	Resource: schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles"},
	Kind:     schema.GroupVersionKind{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRole"},
}

// What the prober and the forecast read of a webhook. A webhook whose side
// effects are unknown must not be called; a wrong timeout makes a wrong forecast.
func TestInterceptionOfAWebhook(t *testing.T) {
	base := admission.Interception{
		Kind: admission.MutatingWebhook, Name: "config", Webhook: "hook.example.com",
		Fails: true, Timeout: 10 * time.Second, DryRunnable: true,
		Backend:  admission.Backend{Namespace: "default", Name: "hook", Port: 443, Path: "/"},
		Resource: clusterRole.Resource, ObjectKind: clusterRole.Kind, ReviewVersions: []string{"v1"},
	}
	for _, c := range []struct {
		name   string
		change func(*admissionregistrationv1.MutatingWebhook)
		want   func(*admission.Interception)
	}{
		{"defaults", func(*admissionregistrationv1.MutatingWebhook) {}, func(*admission.Interception) {}},
		{"ignore", func(h *admissionregistrationv1.MutatingWebhook) {
			h.FailurePolicy = new(admissionregistrationv1.Ignore)
		}, func(i *admission.Interception) { i.Fails = false }},
		{"timeout", func(h *admissionregistrationv1.MutatingWebhook) { h.TimeoutSeconds = new(int32(3)) },
			func(i *admission.Interception) { i.Timeout = 3 * time.Second }},
		{"no side effects on dry-run", func(h *admissionregistrationv1.MutatingWebhook) {
			h.SideEffects = new(admissionregistrationv1.SideEffectClassNoneOnDryRun)
		}, func(*admission.Interception) {}},
		{"some side effects", func(h *admissionregistrationv1.MutatingWebhook) {
			h.SideEffects = new(admissionregistrationv1.SideEffectClassSome)
		}, func(i *admission.Interception) { i.DryRunnable = false }},
		{"unknown side effects", func(h *admissionregistrationv1.MutatingWebhook) {
			h.SideEffects = new(admissionregistrationv1.SideEffectClassUnknown)
		}, func(i *admission.Interception) { i.DryRunnable = false }},
		{"no side effects given", func(h *admissionregistrationv1.MutatingWebhook) { h.SideEffects = nil },
			func(i *admission.Interception) { i.DryRunnable = false }},
		{"service", func(h *admissionregistrationv1.MutatingWebhook) {
			h.ClientConfig.Service.Port, h.ClientConfig.Service.Path = new(int32(8443)), new("/mutate")
			h.ClientConfig.CABundle = []byte("pem")
		}, func(i *admission.Interception) {
			i.Backend.Port, i.Backend.Path, i.Backend.CABundle = 8443, "/mutate", []byte("pem")
		}},
		{"url", func(h *admissionregistrationv1.MutatingWebhook) {
			h.ClientConfig = admissionregistrationv1.WebhookClientConfig{URL: new("https://hook.example.com/x")}
		}, func(i *admission.Interception) { i.Backend = admission.Backend{URL: "https://hook.example.com/x"} }},
		{"reads the user", func(h *admissionregistrationv1.MutatingWebhook) {
			h.MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "a", Expression: "request.userInfo.username == 'system:apiserver'"}}
		}, func(i *admission.Interception) { i.UserDependent = true }},
		{"knows that the API server has a uid", func(h *admissionregistrationv1.MutatingWebhook) {
			h.MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "a", Expression: "has(request.userInfo.uid) && request.userInfo.uid != 'mine'"}}
		}, func(i *admission.Interception) { i.UserDependent = true }},
		{"asks the authorizer", func(h *admissionregistrationv1.MutatingWebhook) {
			h.MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "a", Expression: "authorizer.group('').resource('pods').check('get').allowed()"}}
		}, func(i *admission.Interception) { i.UserDependent = true }},
		{"a selector that is none", func(h *admissionregistrationv1.MutatingWebhook) {
			h.ObjectSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Near"}}}
		}, func(i *admission.Interception) {
			i.Denial = `Internal error occurred: "Near" is not a valid label selector operator`
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := base
			c.want(&want)
			got := admission.Match(hookWith(c.change), clusterRole)
			if want.Denial != "" {
				want.Object, want.OldObject = nil, nil
				want.Resource, want.ObjectKind = schema.GroupVersionResource{}, schema.GroupVersionKind{}
			}
			if diff := cmp.Diff([]admission.Interception{want}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The webhook must be probed with what it will be shown, or its answer is about
// something else.
func TestWhatAWebhookIsShown(t *testing.T) {
	shown := map[string]string{}
	for _, c := range cases(t) {
		if c.Name != "mutating-policy" && c.Name != "equivalent" {
			continue
		}
		for _, i := range admission.Match(c.Snapshot, c.Writes[0].Write) {
			if i.Kind == admission.ValidatingWebhook {
				shown[i.Webhook] = i.Object.GetAPIVersion() + " " + i.ObjectKind.Version + " " + i.Object.GetLabels()["checked"] + i.Object.GetLabels()["example.com/second"]
			}
		}
	}
	want := map[string]string{
		"labelled.example.com":   "rbac.authorization.k8s.io/v1 v1 trueyes",
		"equivalent.example.com": "networking.k8s.io/v1beta1 v1beta1 ",
		"shown-as.example.com":   "networking.k8s.io/v1beta1 v1beta1 ",
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A fact that matching reads and does not declare is never collected for it; one
// that it declares and does not read makes reports undecided for nothing. The
// cases hold no fact beyond those that are declared.
func TestNeedsAreExact(t *testing.T) {
	declared := map[string]bool{}
	for _, f := range admission.Needs() {
		declared[f.ID()] = true
	}
	read := map[string]bool{}
	for _, c := range cases(t) {
		for _, f := range facts.All() {
			if _, present := c.Snapshot.Value(f); !present || read[f.ID()] {
				continue
			}
			if !declared[f.ID()] {
				t.Errorf("%s holds %s, which is not declared", c.Name, f.ID())
			}
			without := c
			without.Snapshot = c.Snapshot.With(facts.Absent(f, facts.Forbidden, ""))
			for _, w := range c.Writes {
				read[f.ID()] = read[f.ID()] || !cmp.Equal(lines(c, w), lines(without, w))
			}
		}
	}
	for id := range declared {
		if !read[id] {
			t.Errorf("%s is declared, and no case changes without it", id)
		}
	}
}
