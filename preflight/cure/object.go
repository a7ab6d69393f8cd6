package cure

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A key names a configuration or policy.
type key struct{ kind, name string }

// keyOf is the configuration or policy of a culprit.
func keyOf(c admission.Culprit) key { return key{string(c.Kind), c.Name} }

func (k key) of(webhook string) admission.Culprit {
	return admission.Culprit{Kind: admission.Kind(k.kind), Name: k.name, Webhook: webhook}
}

func (k key) String() string { return k.kind + " " + k.name }

// A part is one webhook of a configuration, or all of a policy: the fields that
// a patch may change, within an object of its own.
type part struct {
	// webhook is empty for a policy.
	webhook string
	// path is the JSON pointer to the part.
	path       string
	conditions *[]admissionregistrationv1.MatchCondition
	// rules and timeout are nil for a policy.
	rules   *[]admissionregistrationv1.RuleWithOperations
	timeout **int32
	failure **admissionregistrationv1.FailurePolicyType
	// selector is nil for a policy without matchConstraints.
	selector     **metav1.LabelSelector
	selectorPath string
}

// An object is a copy of a configuration or policy.
type object struct {
	key
	value metav1.Object
	parts []part
}

// find returns a copy of the object that k names, or false if s holds none.
func find(s *facts.Snapshot, k key) (object, bool) {
	switch admission.Kind(k.kind) {
	case admission.ValidatingWebhook:
		return copyOf(s, facts.ValidatingWebhooks, k, (*admissionregistrationv1.ValidatingWebhookConfiguration).DeepCopy)
	case admission.MutatingWebhook:
		return copyOf(s, facts.MutatingWebhooks, k, (*admissionregistrationv1.MutatingWebhookConfiguration).DeepCopy)
	case admission.ValidatingPolicy:
		return copyOf(s, facts.ValidatingPolicies, k, (*admissionregistrationv1.ValidatingAdmissionPolicy).DeepCopy)
	case admission.MutatingPolicy:
		return copyOf(s, facts.MutatingPolicies, k, (*admissionregistrationv1.MutatingAdmissionPolicy).DeepCopy)
	}
	return object{}, false
}

// named is a pointer to T that has a name.
type named[T any] interface {
	*T
	metav1.Object
}

func copyOf[T any, P named[T]](s *facts.Snapshot, f facts.Key[[]T], k key, deepCopy func(P) P) (object, bool) {
	all, _ := f.Get(s)
	for n := range all {
		if P(&all[n]).GetName() == k.name {
			c := deepCopy(&all[n])
			return object{k, c, partsOf(c)}, true
		}
	}
	return object{}, false
}

func partsOf(o metav1.Object) []part {
	var parts []part
	switch o := o.(type) {
	case *admissionregistrationv1.ValidatingWebhookConfiguration:
		for n := range o.Webhooks {
			w := &o.Webhooks[n]
			parts = append(parts, webhookPart(n, w.Name, part{conditions: &w.MatchConditions, rules: &w.Rules, timeout: &w.TimeoutSeconds, failure: &w.FailurePolicy, selector: &w.NamespaceSelector}))
		}
	case *admissionregistrationv1.MutatingWebhookConfiguration:
		for n := range o.Webhooks {
			w := &o.Webhooks[n]
			parts = append(parts, webhookPart(n, w.Name, part{conditions: &w.MatchConditions, rules: &w.Rules, timeout: &w.TimeoutSeconds, failure: &w.FailurePolicy, selector: &w.NamespaceSelector}))
		}
	case *admissionregistrationv1.ValidatingAdmissionPolicy:
		parts = append(parts, policyPart(part{conditions: &o.Spec.MatchConditions, failure: &o.Spec.FailurePolicy}, o.Spec.MatchConstraints))
	case *admissionregistrationv1.MutatingAdmissionPolicy:
		parts = append(parts, policyPart(part{conditions: &o.Spec.MatchConditions, failure: &o.Spec.FailurePolicy}, o.Spec.MatchConstraints))
	}
	return parts
}

func webhookPart(n int, name string, p part) part {
	p.webhook, p.path, p.selectorPath = name, fmt.Sprintf("/webhooks/%d", n), "/namespaceSelector"
	return p
}

func policyPart(p part, m *admissionregistrationv1.MatchResources) part {
	p.path, p.selectorPath = "/spec", "/matchConstraints/namespaceSelector"
	if m != nil {
		p.selector = &m.NamespaceSelector
	}
	return p
}

// put returns s with the object of that key as the JSON document has it.
func put(s *facts.Snapshot, k key, document []byte) (*facts.Snapshot, error) {
	switch admission.Kind(k.kind) {
	case admission.ValidatingWebhook:
		return replace(s, facts.ValidatingWebhooks, k, document)
	case admission.MutatingWebhook:
		return replace(s, facts.MutatingWebhooks, k, document)
	case admission.ValidatingPolicy:
		return replace(s, facts.ValidatingPolicies, k, document)
	case admission.MutatingPolicy:
		return replace(s, facts.MutatingPolicies, k, document)
	}
	return nil, fmt.Errorf("%s is neither a webhook configuration nor a policy", k)
}

func replace[T any, P named[T]](s *facts.Snapshot, f facts.Key[[]T], k key, document []byte) (*facts.Snapshot, error) {
	all, _ := f.Get(s)
	all = slices.Clone(all)
	for n := range all {
		if P(&all[n]).GetName() != k.name {
			continue
		}
		patched := new(T)
		if err := json.Unmarshal(document, patched); err != nil {
			return nil, err
		}
		all[n] = *patched
	}
	return s.With(facts.Present(f, all)), nil
}

// without returns s without the objects of those keys.
func without(s *facts.Snapshot, keys []key) *facts.Snapshot {
	s = removed(s, facts.ValidatingWebhooks, string(admission.ValidatingWebhook), keys)
	s = removed(s, facts.MutatingWebhooks, string(admission.MutatingWebhook), keys)
	s = removed(s, facts.ValidatingPolicies, string(admission.ValidatingPolicy), keys)
	return removed(s, facts.MutatingPolicies, string(admission.MutatingPolicy), keys)
}

func removed[T any, P named[T]](s *facts.Snapshot, f facts.Key[[]T], kind string, keys []key) *facts.Snapshot {
	all, ok := f.Get(s)
	gone := func(o T) bool { return slices.Contains(keys, key{kind, P(&o).GetName()}) }
	if !ok || !slices.ContainsFunc(all, gone) {
		return s
	}
	return s.With(facts.Present(f, slices.DeleteFunc(slices.Clone(all), gone)))
}

// resource is what kubectl calls the kind.
func (k key) resource() string { return strings.ToLower(k.kind) }
