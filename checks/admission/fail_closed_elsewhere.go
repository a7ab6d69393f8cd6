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
	Title:    "Webhooks or policies fail closed on other writes than those that are looked at",
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
		for _, c := range failingClosed(s) {
			if !seeing[c.Culprit] {
				names = append(names, c.Name)
				evidence = append(evidence, finding.EvidenceOf(c.fact, cmp.Or(c.Webhook, c.Name), c.Culprit.String(), "%s", c.path))
			}
		}
		if names == nil {
			return nil
		}
		verb := "see"
		if len(names) == 1 {
			verb = "sees"
		}
		slices.Sort(names)
		return []preflight.Finding{{
			Severity: preflight.Info, Subject: finding.ClusterSubject(s),
			Summary: fmt.Sprintf("%s %s none of the writes that an upgrade is known to need, and so nobody was asked: if a backend does not answer, what else it is on fails",
				words.Some(slices.Compact(names), finding.MostAlike), verb),
			Evidence: evidence[:min(len(evidence), finding.MostAlike)],
			Steps:    remedy.Do("look at their rules if something beside Kubernetes and GKE has to work during the upgrade", remedy.Sh("kubectl get validatingwebhookconfigurations --output yaml"), remedy.Sh("kubectl get mutatingwebhookconfigurations --output yaml")),
		}}
	},
}

// A closed is a webhook or policy that rejects what it can't judge.
type closed struct {
	admission.Culprit
	fact facts.Fact
	path string
}

// failingClosed are the webhooks that fail closed, but for GKE's own, and the policies
// that do and that have a binding.
func failingClosed(s *facts.Snapshot) (all []closed) {
	for _, w := range webhooks(s) {
		if w.failClosed && !(admission.Interception{Webhook: w.name, Backend: admission.BackendOf(w.client)}).ProviderManaged() {
			all = append(all, closed{w.Culprit(), w.fact, w.path + "/name"})
		}
	}
	bound := map[string]bool{}
	for _, b := range facts.ValidatingPolicyBindings.Of(s) {
		bound[b.Spec.PolicyName] = slices.Contains(b.Spec.ValidationActions, admissionregistrationv1.Deny) || bound[b.Spec.PolicyName]
	}
	for i, p := range facts.ValidatingPolicies.Of(s) {
		if bound[p.Name] && (p.Spec.FailurePolicy == nil || *p.Spec.FailurePolicy == admissionregistrationv1.Fail) {
			all = append(all, closed{admission.Culprit{Kind: admission.ValidatingPolicy, Name: p.Name}, facts.ValidatingPolicies, fmt.Sprintf("/%d/metadata/name", i)})
		}
	}
	for i, p := range facts.MutatingPolicies.Of(s) {
		uses := func(b admissionregistrationv1.MutatingAdmissionPolicyBinding) bool {
			return b.Spec.PolicyName == p.Name
		}
		if slices.ContainsFunc(facts.MutatingPolicyBindings.Of(s), uses) && (p.Spec.FailurePolicy == nil || *p.Spec.FailurePolicy == admissionregistrationv1.Fail) {
			all = append(all, closed{admission.Culprit{Kind: admission.MutatingPolicy, Name: p.Name}, facts.MutatingPolicies, fmt.Sprintf("/%d/metadata/name", i)})
		}
	}
	return all
}
