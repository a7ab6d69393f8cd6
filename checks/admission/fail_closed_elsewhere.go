package admission

import (
	"cmp"
	"fmt"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

var failClosedElsewhere = preflight.Check{
	ID:       "GP130",
	Name:     "fail-closed-elsewhere",
	Title:    "Webhooks or policies can stop other writes than those that are looked at",
	Severity: preflight.Info,
	Needs:    StartupNeeds(),
	Uses:     append(StartupUses(), facts.PodGroups, facts.CustomResources),
	Run: func(s *facts.Snapshot) []preflight.Finding {
		seeing := map[admission.Culprit]bool{}
		for _, i := range slices.Concat(admission.Intercept(s), lifeline.Intercept(s)) {
			for _, by := range i.By {
				seeing[by.Culprit().Object()], seeing[by.Culprit()] = true, true
			}
		}
		var names []string
		var evidence []preflight.Evidence
		kinds := map[admission.Kind]bool{}
		for _, c := range stopping(s) {
			if seeing[c.Culprit] {
				continue
			}
			name := c.Name
			if seeing[c.Object()] {
				// Another webhook of the same configuration sees some.
				name = c.Webhook + " of " + c.Name
			}
			names, kinds[c.Kind] = append(names, name), true
			evidence = append(evidence, finding.EvidenceOf(c.fact, cmp.Or(c.Webhook, c.Name), c.Culprit.String(), "%s", c.path))
		}
		if names == nil {
			return nil
		}
		slices.Sort(names)
		names = slices.Compact(names)
		verb := "see"
		if len(names) == 1 {
			verb = "sees"
		}
		return []preflight.Finding{{
			Severity: preflight.Info, Subject: finding.ClusterSubject(s),
			Summary:  fmt.Sprintf("%s %s none of the writes that an upgrade is known to need, and so nobody was asked: %s", words.Some(names, finding.MostAlike), verb, whatFails(kinds)),
			Evidence: evidence[:min(len(evidence), finding.MostAlike)],
			Steps:    remedy.Do("look at their rules if something beside Kubernetes and GKE has to work during the upgrade", listing(kinds)...),
		}}
	},
}

// whatFails is what these kinds may do to writes that nobody asked about.
func whatFails(kinds map[admission.Kind]bool) string {
	webhook, policy := false, false
	for k := range kinds {
		webhook, policy = webhook || k.IsWebhook(), policy || k.IsPolicy()
	}
	switch {
	case !policy:
		return "if a backend does not answer, what else it is on fails"
	case !webhook:
		return "what else it is on fails where a policy denies it"
	}
	return "what else it is on fails if a backend does not answer, or where a policy denies it"
}

// listing shows all objects of these kinds.
func listing(kinds map[admission.Kind]bool) (all []remedy.Command) {
	for _, k := range []admission.Kind{admission.ValidatingWebhook, admission.MutatingWebhook, admission.ValidatingPolicy, admission.MutatingPolicy} {
		if kinds[k] {
			all = append(all, remedy.Sh("kubectl get %s --output yaml", k.Resource()))
		}
	}
	return all
}

// A stopper is a webhook or policy that can stop a write.
type stopper struct {
	admission.Culprit
	fact facts.Fact
	path string
}

// stopping are the webhooks that fail closed, but for GKE's own, the policies that a binding
// lets deny, whatever their failurePolicy, and the bound ones that change objects and fail
// closed.
func stopping(s *facts.Snapshot) (all []stopper) {
	for _, w := range webhooks(s) {
		if w.failClosed && !(admission.Interception{Webhook: w.name, Backend: admission.BackendOf(w.client)}).ProviderManaged() {
			all = append(all, stopper{w.Culprit(), w.fact, w.path + "/name"})
		}
	}
	bound := map[string]bool{}
	for _, b := range facts.ValidatingPolicyBindings.Of(s) {
		bound[b.Spec.PolicyName] = slices.Contains(b.Spec.ValidationActions, admissionregistrationv1.Deny) || bound[b.Spec.PolicyName]
	}
	for i, p := range facts.ValidatingPolicies.Of(s) {
		if bound[p.Name] {
			all = append(all, stopper{admission.Culprit{Kind: admission.ValidatingPolicy, Name: p.Name}, facts.ValidatingPolicies, fmt.Sprintf("/%d/metadata/name", i)})
		}
	}
	for i, p := range facts.MutatingPolicies.Of(s) {
		uses := func(b admissionregistrationv1.MutatingAdmissionPolicyBinding) bool {
			return b.Spec.PolicyName == p.Name
		}
		if slices.ContainsFunc(facts.MutatingPolicyBindings.Of(s), uses) && (p.Spec.FailurePolicy == nil || *p.Spec.FailurePolicy == admissionregistrationv1.Fail) {
			all = append(all, stopper{admission.Culprit{Kind: admission.MutatingPolicy, Name: p.Name}, facts.MutatingPolicies, fmt.Sprintf("/%d/metadata/name", i)})
		}
	}
	return all
}
