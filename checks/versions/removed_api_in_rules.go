package versions

import (
	"fmt"
	"slices"
	"strings"

	admission "k8s.io/api/admissionregistration/v1"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/removals"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

var removedAPIInRules = preflight.Check{
	ID:       "GP312",
	Name:     "removed-api-in-rules",
	Title:    "A webhook or policy stops seeing a resource, as its rules name only a version that the target removes",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.APIResources, facts.ValidatingWebhooks, facts.MutatingWebhooks, facts.ValidatingPolicies, facts.MutatingPolicies},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		target, fs := removalTarget(s)
		for _, g := range rulebooks(s) {
			if holes := g.holes(s, target); holes != nil {
				fs = append(fs, g.finding(holes))
			}
		}
		return fs
	},
}

// A rulebook is a webhook or a policy, as far as it says what it sees.
type rulebook struct {
	subject preflight.Subject
	fact    facts.Fact
	// path is where its rules stand in the fact.
	path  string
	rules []admission.Rule
}

func rulebooks(s *facts.Snapshot) (out []rulebook) {
	add := func(kind, name, webhook string, fact facts.Fact, path string, rules []admission.Rule) {
		out = append(out, rulebook{preflight.Subject{Kind: kind, Name: name, Webhook: webhook}, fact, path, rules})
	}
	for i, c := range facts.ValidatingWebhooks.Of(s) {
		for j, w := range c.Webhooks {
			add("ValidatingWebhookConfiguration", c.Name, w.Name, facts.ValidatingWebhooks, fmt.Sprintf("/%d/webhooks/%d/rules", i, j), webhookRules(w.Rules))
		}
	}
	for i, c := range facts.MutatingWebhooks.Of(s) {
		for j, w := range c.Webhooks {
			add("MutatingWebhookConfiguration", c.Name, w.Name, facts.MutatingWebhooks, fmt.Sprintf("/%d/webhooks/%d/rules", i, j), webhookRules(w.Rules))
		}
	}
	for i, p := range facts.ValidatingPolicies.Of(s) {
		if m := p.Spec.MatchConstraints; m != nil {
			add("ValidatingAdmissionPolicy", p.Name, "", facts.ValidatingPolicies, fmt.Sprintf("/%d/spec/matchConstraints/resourceRules", i), policyRules(m.ResourceRules))
		}
	}
	for i, p := range facts.MutatingPolicies.Of(s) {
		if m := p.Spec.MatchConstraints; m != nil {
			add("MutatingAdmissionPolicy", p.Name, "", facts.MutatingPolicies, fmt.Sprintf("/%d/spec/matchConstraints/resourceRules", i), policyRules(m.ResourceRules))
		}
	}
	return out
}

func webhookRules(in []admission.RuleWithOperations) (out []admission.Rule) {
	for _, r := range in {
		out = append(out, r.Rule)
	}
	return out
}

func policyRules(in []admission.NamedRuleWithOperations) (out []admission.Rule) {
	for _, r := range in {
		out = append(out, r.Rule)
	}
	return out
}

// A hole is an API that a rule names, that the target removes, and at none of
// whose other versions it looks.
type hole struct {
	api removals.API
	// rule is the index of the rule, stays the versions that are served on.
	rule  int
	stays []string
}

// holes are the resources that it sees now, by a version that the target
// removes, and not afterwards. matchPolicy Equivalent does not help: only versions
// that are served are equivalent (k8s.io/apiserver pkg/admission/plugin/webhook/
// generic, ShouldCallHook; apimachinery pkg/runtime, EquivalentResourceRegistry).
func (g rulebook) holes(s *facts.Snapshot, target version.Version) (out []hole) {
	for i, r := range g.rules {
		for _, n := range facts.APIResources.Of(s) {
			a, ok := removals.Of(n.Group, n.Version, n.Resource)
			if !ok || a.ServedIn(target) || !names(r, n.Group, n.Version, n.Resource) || slices.Contains(r.APIVersions, "*") {
				continue
			}
			stays := staying(s, a, target)
			seen := func(v string) bool {
				return slices.ContainsFunc(g.rules, func(r admission.Rule) bool { return names(r, a.Group, v, a.Resource) })
			}
			if stays != nil && !slices.ContainsFunc(stays, seen) && !slices.ContainsFunc(out, func(h hole) bool { return h.api == a }) {
				out = append(out, hole{a, i, stays})
			}
		}
	}
	return out
}

// staying are the versions of a's resource that are served now and in the target.
func staying(s *facts.Snapshot, a removals.API, target version.Version) (out []string) {
	for _, n := range facts.APIResources.Of(s) {
		if n.Group != a.Group || n.Resource != a.Resource || n.Version == a.Version {
			continue
		}
		if other, ok := removals.Of(n.Group, n.Version, n.Resource); !ok || other.ServedIn(target) {
			out = append(out, n.Version)
		}
	}
	return out
}

// names reports whether the rule is about the resource itself.
func names(r admission.Rule, group, v, resource string) bool {
	has := func(in []string, s string) bool { return slices.Contains(in, "*") || slices.Contains(in, s) }
	return has(r.APIGroups, group) && has(r.APIVersions, v) && (has(r.Resources, resource) || slices.Contains(r.Resources, "*/*"))
}

func (g rulebook) finding(holes []hole) preflight.Finding {
	f := preflight.Finding{Severity: preflight.Warning, Subject: g.subject}
	var gone []string
	for _, h := range holes {
		gone = append(gone, fmt.Sprintf("%s (removed in %s)", h.api, h.api.Removed))
		f.Evidence = append(f.Evidence, preflight.Evidence{Fact: g.fact.ID(), Path: fmt.Sprintf("%s/%d/apiVersions", g.path, h.rule), Value: g.rules[h.rule].APIVersions,
			Note: fmt.Sprintf("names no version of %s that is served on: %s", h.api.Resource, strings.Join(h.stays, ", "))})
	}
	kind := strings.ToLower(g.subject.Kind)
	f.Summary = fmt.Sprintf("%s names only %s; after the upgrade it sees none of those objects, and what it rejects or changes today passes", g.named(), strings.Join(gone, ", "))
	f.Steps = remedy.Do(fmt.Sprintf("name the version that stays (%s) in its rules beside the old one, and see that it understands it", strings.Join(holes[0].stays, ", ")),
		remedy.Sh("kubectl edit %s %s", kind, g.subject.Name))
	return f
}

func (g rulebook) named() string {
	if g.subject.Webhook != "" {
		return "webhook " + g.subject.Webhook
	}
	return "policy " + g.subject.Name
}
