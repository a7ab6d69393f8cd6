package admission_test

import (
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A sketch stands for many writes: what an expression reads of it, its name too,
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
		{"reads the name", []string{"object != null && object.metadata.name == 'dns'"}, true, "undecided"},
		{"reads the name of a whole", []string{"object != null && object.metadata.name == 'dns'"}, false, "seen"},
		{"reads the name, which is another", []string{"oldObject == null && object.metadata.name == 'other'"}, true, "undecided"},
		{"reads the namespace", []string{"oldObject == null && object.metadata.namespace == 'other'"}, true, "unseen"},
		{"a false one reads more", []string{"has(object.spec.hostNetwork)"}, true, "undecided"},
		{"a false one reads more of a whole", []string{"has(object.spec.hostNetwork)"}, false, "unseen"},
		{"another user's, whatever the object", []string{reads, "request.userInfo.username == 'other'"}, true, "unseen"},
		{"a mere word", []string{"request.namespace != 'objectless'"}, true, "seen"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := hookWith(func(h *admissionregistrationv1.MutatingWebhook) {
				for _, e := range c.conditions {
					h.MatchConditions = append(h.MatchConditions, admissionregistrationv1.MatchCondition{Name: "c", Expression: e})
				}
			})
			w := pod
			w.Sketch = c.sketch
			if got := seen(admission.Match(s, w)); got != c.want {
				t.Errorf("%v is %s, want %s", c.conditions, got, c.want)
			}
		})
	}
}

// A node is one of many, and so is its lease; of which project the service agent is, nobody
// knows.
func TestExampleNames(t *testing.T) {
	leases := schema.GroupVersionResource{Group: "coordination.k8s.io", Version: "v1", Resource: "leases"}
	write := func(namespace, user string) bootstrap.Write {
		u := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": map[string]any{"name": "a", "namespace": namespace}}}
		return bootstrap.Write{
			Operation: bootstrap.Update, Name: "a", Namespace: namespace, User: bootstrap.User{Name: user},
			Resource: leases, Kind: leases.GroupVersion().WithKind("Lease"), Object: u, OldObject: u,
		}
	}
	node, elected := write("kube-node-lease", "system:node:a"), write("kube-system", "system:kube-scheduler")
	agent := write("kube-system", "service-000000000000@container-engine-robot.iam.gserviceaccount.com")
	for _, c := range []struct {
		name, condition string
		of              bootstrap.Write
		want            string
	}{
		{"the lease of one node", "request.name == 'b'", node, "undecided"},
		{"one node's", "request.userInfo.username == 'system:node:b'", node, "undecided"},
		{"all nodes'", "request.userInfo.username.startsWith('system:node:')", node, "seen"},
		{"no node's", "!('system:nodes' in request.userInfo.groups) && request.userInfo.username == 'x'", node, "unseen"},
		{"one lease", "request.name == 'b'", elected, "unseen"},
		{"not a node's", "request.userInfo.username == 'system:node:b'", elected, "unseen"},
		{"a service agent's", "request.userInfo.username == 'service-123@container-engine-robot.iam.gserviceaccount.com'", agent, "undecided"},
		{"any service agent's", "request.userInfo.username.endsWith('@container-engine-robot.iam.gserviceaccount.com')", agent, "seen"},
		{"no service agent's", "request.userInfo.username == 'service-123@container-engine-robot.iam.gserviceaccount.com'", elected, "unseen"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := hookWith(func(h *admissionregistrationv1.MutatingWebhook) {
				h.MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "c", Expression: c.condition}}
			})
			if got := seen(admission.Match(s, c.of)); got != c.want {
				t.Errorf("it is %s, want %s", got, c.want)
			}
		})
	}
}

// What a JSON Patch is for may be in a real object, and not in a sketch of it: that it does
// not apply decides nothing there, and all where the object is whole.
func TestSketchPatched(t *testing.T) {
	pod := func(spec map[string]any) bootstrap.Write {
		o := map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "dns", "namespace": "kube-system"}}
		if spec != nil {
			o["spec"] = spec
		}
		return bootstrap.Write{
			Operation: bootstrap.Create, Name: "dns", Namespace: "kube-system", User: bootstrap.User{Name: "system:serviceaccount:kube-system:replicaset-controller"},
			Resource: schema.GroupVersionResource{Version: "v1", Resource: "pods"}, Kind: schema.GroupVersionKind{Version: "v1", Kind: "Pod"},
			Object: &unstructured.Unstructured{Object: o},
		}
	}
	const priority, first = "[JSONPatch{op: 'add', path: '/spec/priorityClassName', value: 'a'}]", "[JSONPatch{op: 'replace', path: '/spec/containers/0/image', value: 'a'}]"
	none, one := map[string]any{}, map[string]any{"containers": []any{map[string]any{"name": "dns"}}}
	fail, ignore := admissionregistrationv1.Fail, admissionregistrationv1.Ignore
	for _, c := range []struct {
		name, patch   string
		onError       *admissionregistrationv1.FailurePolicyType
		spec          map[string]any
		sketch, whole string
	}{
		{"a path that is missing", priority, &fail, nil, "undecided", "denied"},
		{"a path that is there", priority, &fail, none, "passes", "passes"},
		{"an index that is missing", first, &fail, map[string]any{"containers": []any{}}, "undecided", "denied"},
		{"an index that is there", first, &fail, one, "passes", "passes"},
		{"a path that is missing, of a policy that fails open", priority, &ignore, nil, "passes", "passes"},
		{"an error before anything is patched", "[JSONPatch{op: 'add', path: [request.operation][1], value: 'a'}]", &fail, nil, "denied", "denied"},
	} {
		p := admissionregistrationv1.MutatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: admissionregistrationv1.MutatingAdmissionPolicySpec{
			FailurePolicy: c.onError, ReinvocationPolicy: admissionregistrationv1.NeverReinvocationPolicy,
			MatchConstraints: &admissionregistrationv1.MatchResources{ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{RuleWithOperations: admissionregistrationv1.RuleWithOperations{
				Operations: []admissionregistrationv1.OperationType{"CREATE"},
				Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"*"}, Resources: []string{"pods"}},
			}}}},
			Mutations: []admissionregistrationv1.Mutation{{PatchType: admissionregistrationv1.PatchTypeJSONPatch, JSONPatch: &admissionregistrationv1.JSONPatch{Expression: c.patch}}},
		}}
		b := admissionregistrationv1.MutatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: admissionregistrationv1.MutatingAdmissionPolicyBindingSpec{PolicyName: "p"}}
		s := hookWith(func(h *admissionregistrationv1.MutatingWebhook) { h.Rules = nil }).With(
			facts.Present(facts.Namespaces, []facts.Namespace{{Name: "kube-system"}}),
			facts.Present(facts.MutatingPolicies, []admissionregistrationv1.MutatingAdmissionPolicy{p}),
			facts.Present(facts.MutatingPolicyBindings, []admissionregistrationv1.MutatingAdmissionPolicyBinding{b}))
		for sketch, want := range map[bool]string{true: c.sketch, false: c.whole} {
			w := pod(c.spec)
			w.Sketch = sketch
			got := "unseen"
			if by := admission.Match(s, w); len(by) > 0 {
				got = "passes"
				if by[0].Undecided != "" {
					got = "undecided"
				} else if by[0].Denial != "" {
					got = "denied"
				}
			}
			if got != want {
				t.Errorf("%s: as a sketch (%v) it is %s, want %s", c.name, sketch, got, want)
			}
		}
	}
}

// Rules for objects of certain names are for some of those that a sketch stands for.
func TestNamedRules(t *testing.T) {
	rules := func(s *facts.Snapshot, change func(*admissionregistrationv1.MatchResources)) *facts.Snapshot {
		p := facts.ValidatingPolicies.Of(s)[0]
		c := *p.Spec.MatchConstraints
		change(&c)
		p.Spec.MatchConstraints = &c
		return s.With(facts.Present(facts.ValidatingPolicies, []admissionregistrationv1.ValidatingAdmissionPolicy{p}))
	}
	s := denying(selector{}, admissionregistrationv1.Deny)
	only := rules(s, func(c *admissionregistrationv1.MatchResources) { c.ResourceRules[0].ResourceNames = []string{"other"} })
	but := rules(denying(selector{}, admissionregistrationv1.Deny), func(c *admissionregistrationv1.MatchResources) {
		excluded := c.ResourceRules[0]
		excluded.ResourceNames = []string{node(true).Name}
		c.ExcludeResourceRules = []admissionregistrationv1.NamedRuleWithOperations{excluded}
	})
	whole := node(true)
	whole.Sketch = false
	for name, c := range map[string]struct {
		s    *facts.Snapshot
		of   bootstrap.Write
		want string
	}{
		"another's":                {only, node(true), "undecided"},
		"another's, of a whole":    {only, whole, "unseen"},
		"but the example":          {but, node(true), "undecided"},
		"but the example, a whole": {but, whole, "unseen"},
	} {
		if got := seen(admission.Match(c.s, c.of)); got != c.want {
			t.Errorf("%s: it is %s, want %s", name, got, c.want)
		}
	}
}

// A sketched definition is known by its group, as its name holds it: a policy that is for
// other groups lets it pass whatever else it reads, and none is held to pass otherwise.
func TestSketchedDefinition(t *testing.T) {
	const reading, brought = "object.metadata.annotations['x/version'].matches('v1.*')", "any-group.gke.io"
	only := func(expression string) func(*admissionregistrationv1.ValidatingAdmissionPolicySpec) {
		return func(p *admissionregistrationv1.ValidatingAdmissionPolicySpec) {
			p.Validations[0].Expression = expression
		}
	}
	write := func(group string) bootstrap.Write {
		u := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": "things." + group}, "spec": map[string]any{"group": group},
		}}
		return bootstrap.Write{
			Operation: bootstrap.Update, Name: "things." + group, User: bootstrap.User{Name: "system:addon-manager"}, Sketch: true,
			Resource: schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"},
			Kind:     schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"}, Object: u, OldObject: u,
			Unnamed: group == brought,
		}
	}
	for _, c := range []struct {
		name, group string
		change      func(*admissionregistrationv1.ValidatingAdmissionPolicySpec)
		want        string
	}{
		{"of another group", "snapshot.storage.k8s.io", nil, "passes"},
		{"of the policy's group", "gateway.networking.k8s.io", nil, "undecided"},
		{"of no group that is known", "", nil, "undecided"},
		{"a second validation reads more", "snapshot.storage.k8s.io", func(p *admissionregistrationv1.ValidatingAdmissionPolicySpec) {
			p.Validations = append(p.Validations, admissionregistrationv1.Validation{Expression: reading})
		}, "undecided"},
		{"a matchCondition reads more", "snapshot.storage.k8s.io", func(p *admissionregistrationv1.ValidatingAdmissionPolicySpec) {
			p.MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "c", Expression: reading}}
		}, "undecided"},
		{"an audit annotation reads more", "snapshot.storage.k8s.io", func(p *admissionregistrationv1.ValidatingAdmissionPolicySpec) {
			p.AuditAnnotations = []admissionregistrationv1.AuditAnnotation{{Key: "k", ValueExpression: reading}}
		}, "undecided"},
		{"and, not or", "snapshot.storage.k8s.io", func(p *admissionregistrationv1.ValidatingAdmissionPolicySpec) {
			p.Validations[0].Expression = "object.spec.group != 'gateway.networking.k8s.io' && " + reading
		}, "undecided"},
		{"for that group alone", "gateway.networking.k8s.io", only("object.spec.group != 'gateway.networking.k8s.io'"), "denied"},
		{"what comes may be of the policy's group", brought, nil, "undecided"},
		{"what comes is of no user's group", brought, only("object.spec.group != 'own.example.org' || " + reading), "passes"},
		{"what comes has no user's name", brought, only("!request.name.endsWith('.example.org') && object.metadata.name != \"things.example.org\""), "passes"},
		{"whatever comes", brought, only("request.userInfo.username != 'system:addon-manager'"), "denied"},
		{"what comes may end so", brought, only("!request.name.endsWith('gke.io')"), "undecided"},
		{"what comes may begin so", brought, only("!object.spec.group.startsWith('own')"), "undecided"},
		{"what comes may be in a list", brought, only("!(object.spec.group in ['own.example.org', 'autoscaling.gke.io'])"), "undecided"},
		{"what comes may be named in the rules", brought, func(p *admissionregistrationv1.ValidatingAdmissionPolicySpec) {
			p.MatchConstraints.ResourceRules[0].ResourceNames = []string{"things.autoscaling.gke.io"}
			p.Validations[0].Expression = "false"
		}, "undecided"},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := admissionregistrationv1.ValidatingAdmissionPolicySpec{
				MatchConstraints: &admissionregistrationv1.MatchResources{ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{RuleWithOperations: admissionregistrationv1.RuleWithOperations{
					Operations: []admissionregistrationv1.OperationType{"UPDATE"},
					Rule:       admissionregistrationv1.Rule{APIGroups: []string{"apiextensions.k8s.io"}, APIVersions: []string{"*"}, Resources: []string{"customresourcedefinitions"}},
				}}}},
				Validations: []admissionregistrationv1.Validation{{Expression: "object.spec.group != 'gateway.networking.k8s.io' || (has(object.metadata.annotations) && " + reading + ")"}},
			}
			if c.change != nil {
				c.change(&spec)
			}
			p := admissionregistrationv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: spec}
			b := admissionregistrationv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: "p"},
				Spec: admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec{PolicyName: "p", ValidationActions: []admissionregistrationv1.ValidationAction{"Deny"}}}
			s := hookWith(func(h *admissionregistrationv1.MutatingWebhook) { h.Rules = nil }).With(
				facts.Present(facts.ValidatingPolicies, []admissionregistrationv1.ValidatingAdmissionPolicy{p}),
				facts.Present(facts.ValidatingPolicyBindings, []admissionregistrationv1.ValidatingAdmissionPolicyBinding{b}))
			got := "unseen"
			if by := admission.Match(s, write(c.group)); len(by) > 0 {
				got = "passes"
				if by[0].Undecided != "" {
					got = "undecided"
				} else if by[0].Denial != "" {
					got = "denied"
				}
			}
			if got != c.want {
				t.Errorf("it is %s, want %s", got, c.want)
			}
		})
	}
}
