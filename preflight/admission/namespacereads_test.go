package admission_test

import (
	"slices"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func conditioned(expressions ...string) *facts.Snapshot {
	return hookWith(func(h *admissionregistrationv1.MutatingWebhook) {
		for _, e := range expressions {
			h.MatchConditions = append(h.MatchConditions, admissionregistrationv1.MatchCondition{Name: "c", Expression: e})
		}
	})
}

// TestNamespaceReads: a namespace that an expression is about and nobody looks at is a false
// all-clear, and so is an expression whose namespaces can't be listed and that is taken for
// one of which they can.
func TestNamespaceReads(t *testing.T) {
	for expression, want := range map[string]struct {
		names []string
		open  bool
	}{
		"request.namespace == 'prod'":                                    {[]string{"prod"}, false},
		"'prod' != request.namespace":                                    {[]string{"prod"}, false},
		"!(request.namespace in ['kube-system', 'prod'])":                {[]string{"kube-system", "prod"}, false},
		"object.metadata.namespace == 'prod'":                            {[]string{"prod"}, false},
		"oldObject != null && oldObject.metadata['namespace'] == 'a'":    {[]string{"a"}, false},
		"object.metadata.?namespace.orValue('') == 'prod'":               {[]string{"prod"}, false},
		"namespaceObject.metadata.name == 'prod'":                        {[]string{"prod"}, false},
		"request.namespace.startsWith('team-')":                          {[]string{"team-any"}, false},
		"request.namespace.startsWith('kube-')":                          {[]string{"kube-system"}, false},
		"request.namespace == 'No such name'":                            {nil, false},
		"namespaceObject != null && request.namespace != ''":             {nil, false},
		"namespaceObject.status.phase == 'Active'":                       {nil, false},
		"request.namespace":                                              {nil, true},
		"request.namespace.matches('^team-')":                            {nil, true},
		"request.namespace.endsWith('-prod')":                            {nil, true},
		"request.namespace in variables.exempt":                          {nil, true},
		"request.namespace in ['a', params.namespace]":                   {nil, true},
		"['a', 'b'].exists(n, n == request.namespace)":                   {nil, true},
		"request.namespace == 'a' || size(request.namespace) > 9":        {[]string{"a"}, true},
		"'team' in namespaceObject.metadata.labels":                      {nil, true},
		"has(namespaceObject.metadata.labels.team)":                      {nil, true},
		"[namespaceObject].exists(n, n.metadata.labels.team == 'a')":     {nil, true},
		"namespaceObject.metadata.labels['a'] == request.namespace":      {nil, true},
		"request.namespace == namespaceObject.metadata.labels['a']":      {nil, true},
		"namespaceObject.metadata.labels[request.namespace] == 'a'":      {nil, true},
		"object.metadata.namespace == oldObject.metadata.labels['a']":    {nil, true},
		"namespaceObject.metadata.name.lowerAscii() == 'a'":              {nil, true},
		"authorizer.group('').resource('pods').namespace('a').allowed()": {nil, false},
	} {
		var reads []admission.NamespaceRead
		for _, x := range admission.Selections(conditioned(expression)) {
			reads = append(reads, x.Reads...)
		}
		var got admission.NamespaceRead
		if len(reads) > 0 {
			got = reads[0]
		}
		if !slices.Equal(got.Names, want.names) || got.Open != want.open {
			t.Errorf("%s: it is held against %v, and others decide: %v; want %v, %v", expression, got.Names, got.Open, want.names, want.open)
		}
	}
	for _, unrelated := range []string{"request.name == 'namespace'", "object.spec.claimRef.namespace == 'a'", "has(object.metadata.namespace)", "object == oldObject"} {
		if all := admission.Selections(conditioned(unrelated)); len(all) > 0 {
			t.Errorf("%s goes by no namespace: %+v", unrelated, all)
		}
	}
}

// TestExampleNamespace: a namespace that was made up stands for others by other names, so
// that what an expression makes of its own name decides nothing, unless it is told from
// the namespaces that are named.
func TestExampleNamespace(t *testing.T) {
	w := bootstrap.Write{
		Operation: bootstrap.Delete, Name: "a", Namespace: "any-namespace", User: bootstrap.User{Name: "cluster-autoscaler"},
		Resource: schema.GroupVersionResource{Version: "v1", Resource: "pods"}, Kind: schema.GroupVersionKind{Version: "v1", Kind: "Pod"},
		OldObject: &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "a", "namespace": "any-namespace"}}},
	}
	const pattern = "request.namespace.matches('^team-')"
	for name, c := range map[string]struct {
		conditions    []string
		example, real string
	}{
		"a pattern":                          {[]string{pattern}, "undecided", "unseen"},
		"a pattern that is met":              {[]string{"!" + pattern}, "undecided", "seen"},
		"another by name":                    {[]string{"request.namespace == 'prod'"}, "unseen", "unseen"},
		"all but others by name":             {[]string{"!(request.namespace in ['kube-system', 'prod'])"}, "seen", "seen"},
		"a pattern, and another user":        {[]string{pattern, "request.userInfo.username == 'other'"}, "unseen", "unseen"},
		"a pattern, and another by name":     {[]string{"!" + pattern, "request.namespace == 'prod'"}, "unseen", "unseen"},
		"a pattern, and options, unknown":    {[]string{pattern, "has(request.options.dryRun)"}, "undecided", "unseen"},
		"it goes by something else":          {[]string{"request.userInfo.username == 'cluster-autoscaler'"}, "seen", "seen"},
		"has a namespace, whatever its name": {[]string{"request.namespace != ''"}, "seen", "seen"},
	} {
		for example, want := range map[bool]string{true: c.example, false: c.real} {
			s := conditioned(c.conditions...).With(facts.Present(facts.Namespaces, []facts.Namespace{{Name: "any-namespace", Example: example}}))
			if got := seen(admission.Match(s, w)); got != want {
				t.Errorf("%s: where the namespace is an example (%v), it is %s, want %s", name, example, got, want)
			}
		}
	}
}
