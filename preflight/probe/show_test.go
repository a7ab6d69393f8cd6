package probe

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

// meshed is a cluster whose Pods a mutating webhook changes before a validating one sees
// them, with the creation of one application's Pod.
func meshed(t *testing.T) (*facts.Snapshot, admission.Intercepted) {
	t.Helper()
	none, at := admissionregistrationv1.SideEffectClassNone, admissionregistrationv1.WebhookClientConfig{Service: &admissionregistrationv1.ServiceReference{Namespace: "opa", Name: "opa"}}
	rules := []admissionregistrationv1.RuleWithOperations{{Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
		Rule: admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}}}}
	mutating := admissionregistrationv1.MutatingWebhookConfiguration{Webhooks: []admissionregistrationv1.MutatingWebhook{{Name: "mesh.example.com", ClientConfig: at, Rules: rules, SideEffects: &none, AdmissionReviewVersions: []string{"v1"}}}}
	validating := admissionregistrationv1.ValidatingWebhookConfiguration{Webhooks: []admissionregistrationv1.ValidatingWebhook{{Name: "guard.example.com", ClientConfig: at, Rules: rules, SideEffects: &none, AdmissionReviewVersions: []string{"v1"}}}}
	mutating.Name, validating.Name = "mesh", "guard"
	s := snapshot(facts.Present(facts.MutatingWebhooks, []admissionregistrationv1.MutatingWebhookConfiguration{mutating}), facts.Present(facts.ValidatingWebhooks, []admissionregistrationv1.ValidatingWebhookConfiguration{validating}),
		facts.Present(facts.PodGroups, []facts.PodGroup{{Namespace: "shop", Kind: "Deployment", Name: "web", Example: "web-1", Pods: 1}}), facts.Present(facts.Namespaces, []facts.Namespace{{Name: "shop"}}),
		facts.Present(facts.APIResources, []facts.APIResource{{Version: "v1", Resource: "pods", Kind: "Pod"}}))
	return s, madePod(t, s)
}

// madePod is the creation of one application's Pod.
func madePod(t *testing.T, s *facts.Snapshot) admission.Intercepted {
	t.Helper()
	for _, i := range lifeline.Intercept(s) {
		if i.Write.Hook == "pods of applications" && i.Write.Subresource == "" && i.Write.Resource.Resource == "pods" {
			return i
		}
	}
	t.Fatal("no pod is made")
	return admission.Intercepted{}
}

func read(t *testing.T, i admission.Intercepted) map[bootstrap.Source]lifeline.Found {
	t.Helper()
	wanted := Wanted([]admission.Intercepted{i})
	if len(wanted) != 1 || wanted[0].Name != "web-1" || wanted[0].MakerName != "web" {
		t.Fatalf("to be read: %+v", wanted)
	}
	var pod unstructured.Unstructured
	_ = json.Unmarshal([]byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-1","namespace":"shop","generateName":"web-"},"spec":{"nodeName":"n"}}`), &pod.Object)
	return map[bootstrap.Source]lifeline.Found{wanted[0]: {Object: &pod}}
}

func answer(r Request, a facts.Answer, patch string) facts.Attempt {
	attempt := r.Attempt(a, "", "")
	attempt.Patched, attempt.Patch = patch != "", patch
	return attempt
}

// TestShow: a real object is sent, to a validating webhook as the mutating one has changed
// it; where that is not known a sketch is, and says so. No patch is kept.
func TestShow(t *testing.T) {
	s, i := meshed(t)
	x := Show(s, []admission.Intercepted{i}, read(t, i))
	first := Plan(s, x.First(), Options{Vantage: facts.PodNetwork})
	if len(first) != 1 || first[0].Interception.Name != "mesh" || first[0].Write.Shown == "" || strings.Contains(string(first[0].Review), "nodeName") || !strings.Contains(string(first[0].Review), `"generateName":"web-"`) {
		t.Fatalf("first %v", first)
	}
	if first[0].About() != i.Write.Key() {
		t.Errorf("it is asked about %s, not %s", first[0].About(), i.Write.Key())
	}
	patch := `[{"op":"add","path":"/metadata/labels","value":{"mesh":"on"}}]`
	answers := []facts.Attempt{answer(first[0], facts.Allowed, patch)}
	second := Plan(s, x.Second(answers), Options{Vantage: facts.PodNetwork})
	if len(second) != 1 || second[0].Interception.Name != "guard" || !strings.Contains(string(second[0].Review), `"mesh":"on"`) || !strings.Contains(string(second[0].Review), `"name":"web-x7k2p"`) {
		t.Fatalf("second %v: %s", second, second[0].Review)
	}
	answers = append(answers, answer(second[0], facts.Denied, ""))
	for _, a := range x.Judged(answers) {
		if a.Patch != "" || a.Shown == "" {
			t.Errorf("%+v", a)
		}
	}
	unknown := Plan(s, x.Second([]facts.Attempt{answer(first[0], facts.CouldNotAsk, "")}), Options{Vantage: facts.PodNetwork})
	if len(unknown) != 1 || unknown[0].Write.Shown != "" || unknown[0].Write.Unread == "" || strings.Contains(string(unknown[0].Review), "generateName") {
		t.Errorf("without the answer of the first: %v: %s", unknown, unknown[0].Review)
	}
}

// TestShowUnread: what could not be read is asked about by its sketch, with the reason, and
// what is gone without one.
func TestShowUnread(t *testing.T) {
	s, i := meshed(t)
	for _, why := range []string{"no permission to list pods", ""} {
		x := Show(s, []admission.Intercepted{i}, map[bootstrap.Source]lifeline.Found{i.Write.From[0]: {Why: why}})
		asked := Plan(s, x.First(), Options{Vantage: facts.PodNetwork})
		if len(asked) != 2 || len(x.Second(nil)) != 0 {
			t.Errorf("%d questions", len(asked))
		}
		for _, r := range asked {
			if a := r.Attempt(facts.Allowed, "", ""); a.Unread != why || a.Shown != "" {
				t.Errorf("%+v", a)
			}
		}
	}
}

// TestSent: of a webhook that is sent Pods of one label it is found out whether it is sent
// the one that is there, and not where another that is called before it may label it.
func TestSent(t *testing.T) {
	s, _ := meshed(t)
	guards := slices.Clone(facts.ValidatingWebhooks.Of(s))
	guards[0].Webhooks = slices.Clone(guards[0].Webhooks)
	guards[0].Webhooks[0].ObjectSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"team": "web"}}
	meshes := facts.MutatingWebhooks.Of(s)
	groups := slices.Clone(facts.PodGroups.Of(s))
	groups[0].Pods = 2
	s = s.With(facts.Present(facts.ValidatingWebhooks, guards), facts.Present(facts.PodGroups, groups))
	for name, c := range map[string]struct {
		labels string
		meshes []admissionregistrationv1.MutatingWebhookConfiguration
		sent   bool
	}{
		"labelled":                      {`{"team":"web"}`, nil, true},
		"of another label":              {`{"team":"db"}`, nil, false},
		"labelled, and perhaps changed": {`{"team":"web"}`, meshes, false},
	} {
		s := s.With(facts.Present(facts.MutatingWebhooks, c.meshes))
		i := madePod(t, s)
		var pod unstructured.Unstructured
		_ = json.Unmarshal([]byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-1","namespace":"shop","labels":`+c.labels+`}}`), &pod.Object)
		x := Show(s, []admission.Intercepted{i}, map[bootstrap.Source]lifeline.Found{i.Write.From[0]: {Object: &pod}})
		sent := slices.ContainsFunc(x.Judged(nil), func(a facts.Attempt) bool {
			return a.Config == "guard" && a.Vantage == facts.Evaluated && a.Answer == facts.NotAsked && strings.Contains(a.Shown, "web-1")
		})
		if sent != c.sent {
			t.Errorf("%s: it is found to be sent the pod: %t", name, sent)
		}
	}
}
