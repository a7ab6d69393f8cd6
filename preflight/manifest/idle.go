package manifest

import (
	"fmt"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// added says what of the manifests does nothing as written.
func (a *adder) added() Added {
	idle := 0
	for _, n := range a.names {
		if why := a.idle(n); why != "" {
			idle++
			a.note("%s does nothing as written: %s", n, why)
		}
	}
	return Added{Names: a.names, Notes: a.notes, Doubts: a.doubts, Idle: idle == len(a.names), Unseen: a.unseen, texts: a.texts}
}

// idle says why n does nothing as written; empty if it does something.
func (a *adder) idle(n Name) string {
	switch n.Kind {
	case "ValidatingWebhookConfiguration":
		return ruleless(a.s, facts.ValidatingWebhooks, n, func(c *admissionregistrationv1.ValidatingWebhookConfiguration) (rules []int) {
			for _, w := range c.Webhooks {
				rules = append(rules, len(w.Rules))
			}
			return rules
		})
	case "MutatingWebhookConfiguration":
		return ruleless(a.s, facts.MutatingWebhooks, n, func(c *admissionregistrationv1.MutatingWebhookConfiguration) (rules []int) {
			for _, w := range c.Webhooks {
				rules = append(rules, len(w.Rules))
			}
			return rules
		})
	case "ValidatingAdmissionPolicy":
		return alone(a.s, facts.ValidatingPolicyBindings, "no binding names it", func(b *admissionregistrationv1.ValidatingAdmissionPolicyBinding) bool {
			return b.Spec.PolicyName == n.Name
		})
	case "MutatingAdmissionPolicy":
		return alone(a.s, facts.MutatingPolicyBindings, "no binding names it", func(b *admissionregistrationv1.MutatingAdmissionPolicyBinding) bool {
			return b.Spec.PolicyName == n.Name
		})
	case "ValidatingAdmissionPolicyBinding":
		b, _ := find(a.s, facts.ValidatingPolicyBindings, n.Name)
		return alone(a.s, facts.ValidatingPolicies, fmt.Sprintf("there is no policy %s", b.Spec.PolicyName), func(p *admissionregistrationv1.ValidatingAdmissionPolicy) bool { return p.Name == b.Spec.PolicyName })
	case "MutatingAdmissionPolicyBinding":
		b, _ := find(a.s, facts.MutatingPolicyBindings, n.Name)
		return alone(a.s, facts.MutatingPolicies, fmt.Sprintf("there is no policy %s", b.Spec.PolicyName), func(p *admissionregistrationv1.MutatingAdmissionPolicy) bool { return p.Name == b.Spec.PolicyName })
	}
	return ""
}

// alone is why, unless s holds an object that matches.
func alone[T any](s *facts.Snapshot, k facts.Key[[]T], why string, matches func(*T) bool) string {
	all, _ := k.Get(s)
	if slices.ContainsFunc(all, func(v T) bool { return matches(&v) }) {
		return ""
	}
	return why
}

func find[T any](s *facts.Snapshot, k facts.Key[[]T], name string) (T, bool) {
	all, _ := k.Get(s)
	n := slices.IndexFunc(all, func(v T) bool { return nameOf(&v) == name })
	if n < 0 {
		var none T
		return none, false
	}
	return all[n], true
}

// ruleless says that no webhook of the configuration has a rule.
func ruleless[T any](s *facts.Snapshot, k facts.Key[[]T], n Name, rules func(*T) []int) string {
	c, ok := find(s, k, n.Name)
	counts := rules(&c)
	switch {
	case !ok || slices.ContainsFunc(counts, func(rules int) bool { return rules > 0 }):
		return ""
	case len(counts) == 0:
		return "it has no webhooks"
	}
	return "its webhooks have no rules; software such as Knative and Tekton fills them in when it runs: look at the object in a cluster where it does"
}
