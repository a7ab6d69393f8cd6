package admission_test

import (
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

// A sketch stands for many writes: what an expression reads of it beyond its name
// decides nothing, unless another condition is false whatever the object.
func TestSketch(t *testing.T) {
	pod := bootstrap.Write{
		Operation: bootstrap.Create, Name: "dns", Namespace: "kube-system", User: bootstrap.User{Name: "system:serviceaccount:kube-system:replicaset-controller"},
		Resource: schema.GroupVersionResource{Version: "v1", Resource: "pods"}, Kind: schema.GroupVersionKind{Version: "v1", Kind: "Pod"},
		Object: &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "dns", "namespace": "kube-system"}, "spec": map[string]any{},
		}},
	}
	const reads = "!has(object.spec.hostNetwork)"
	for _, c := range []struct {
		name       string
		conditions []string
		sketch     bool
		want       string
	}{
		{"whole", []string{reads}, false, "seen"},
		{"reads more", []string{reads}, true, "undecided"},
		{"reads the name", []string{"object != null && object.metadata.name == 'dns'"}, true, "seen"},
		{"reads the name, which is another", []string{"oldObject == null && object.metadata.name == 'other'"}, true, "unseen"},
		{"a false one reads more", []string{"has(object.spec.hostNetwork)"}, true, "undecided"},
		{"a false one reads more of a whole", []string{"has(object.spec.hostNetwork)"}, false, "unseen"},
		{"another user's, whatever the object", []string{reads, "request.userInfo.username == 'other'"}, true, "unseen"},
		{"a mere word", []string{"request.name != 'objectless'"}, true, "seen"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := hookWith(func(h *admissionregistrationv1.MutatingWebhook) {
				for _, e := range c.conditions {
					h.MatchConditions = append(h.MatchConditions, admissionregistrationv1.MatchCondition{Name: "c", Expression: e})
				}
			})
			w := pod
			w.Sketch = c.sketch
			got := "unseen"
			if by := admission.Match(s, w); len(by) > 0 {
				got = "seen"
				if by[0].Undecided != "" {
					got = "undecided"
				}
			}
			if got != c.want {
				t.Errorf("%v is %s, want %s", c.conditions, got, c.want)
			}
		})
	}
}
