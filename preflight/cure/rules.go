package cure

import (
	"fmt"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// ParseKinds reads what a user says a webhook is for: resources with their
// groups, such as "services,ingresses.networking.k8s.io,pods/exec".
func ParseKinds(s string) ([]schema.GroupResource, error) {
	var kinds []schema.GroupResource
	for name := range strings.SplitSeq(s, ",") {
		resource, sub, _ := strings.Cut(strings.TrimSpace(name), "/")
		g := schema.ParseGroupResource(resource)
		if g.Resource == "" || strings.ContainsAny(name, "* ") {
			return nil, fmt.Errorf("%q is no resource such as services or ingresses.networking.k8s.io", name)
		}
		if sub != "" {
			g.Resource += "/" + sub
		}
		kinds = append(kinds, g)
	}
	return kinds, nil
}

func kindsWords(kinds []schema.GroupResource) string {
	if kinds == nil {
		return "the kinds that its rules name"
	}
	var names []string
	for _, k := range kinds {
		names = append(names, k.String())
	}
	return strings.Join(names, ", ")
}

// rules narrows a webhook's rules to the kinds, or, where none are given, to the
// rules that name their kinds. It never adds what the rules did not hold before.
func rules(kinds []schema.GroupResource) func(*part) string {
	return func(p *part) string {
		if p.rules == nil {
			return "a policy's constraints are its own: change them where it is written"
		}
		var kept []admissionregistrationv1.RuleWithOperations
		for _, r := range *p.rules {
			switch {
			case kinds != nil:
				kept = append(kept, within(r, kinds)...)
			case !wildcard(r):
				kept = append(kept, r)
			}
		}
		switch {
		case len(kept) == 0 && kinds != nil:
			return "its rules hold none of " + kindsWords(kinds)
		case len(kept) == 0:
			return "which kinds it is for is not known: say so by --kinds"
		case len(kept) == len(*p.rules) && kinds == nil:
			return "its rules name their kinds"
		}
		*p.rules = kept
		return ""
	}
}

func wildcard(r admissionregistrationv1.RuleWithOperations) bool {
	return slices.Contains(r.APIGroups, "*") || slices.ContainsFunc(r.Resources, func(s string) bool { return strings.HasPrefix(s, "*") })
}

// within is r for those of the kinds that it holds, one rule for each group.
func within(r admissionregistrationv1.RuleWithOperations, kinds []schema.GroupResource) []admissionregistrationv1.RuleWithOperations {
	var found []admissionregistrationv1.RuleWithOperations
	for _, k := range kinds {
		if !holds(r, k) {
			continue
		}
		n := slices.IndexFunc(found, func(f admissionregistrationv1.RuleWithOperations) bool { return f.APIGroups[0] == k.Group })
		if n < 0 {
			n = len(found)
			c := *r.DeepCopy()
			c.APIGroups, c.Resources = []string{k.Group}, nil
			found = append(found, c)
		}
		found[n].Resources = append(found[n].Resources, k.Resource)
	}
	return found
}

// holds reports whether the rule matches the resource (k8s.io/apiserver
// pkg/admission/plugin/webhook/predicates/rules, Matcher).
func holds(r admissionregistrationv1.RuleWithOperations, k schema.GroupResource) bool {
	if !slices.Contains(r.APIGroups, "*") && !slices.Contains(r.APIGroups, k.Group) {
		return false
	}
	resource, sub, isSub := strings.Cut(k.Resource, "/")
	return slices.ContainsFunc(r.Resources, func(held string) bool {
		heldResource, heldSub, heldIsSub := strings.Cut(held, "/")
		if heldResource != "*" && heldResource != resource {
			return false
		}
		return heldSub == "*" || isSub == heldIsSub && sub == heldSub
	})
}
