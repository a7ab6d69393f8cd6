package admission

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission/plugin/policy/generic"
	"k8s.io/client-go/informers"
)

// rule is what policies of both kinds have in common: a policy with one of its
// bindings.
type rule struct {
	kind    Kind
	policy  generic.PolicyAccessor
	binding generic.BindingAccessor
	reads   reads
	certain certainty
	// onlyTells says that nothing that its expressions come to can deny.
	onlyTells bool
	// params are the objects of the policy's paramKind; nil if it has none or
	// the snapshot does not hold the kind.
	params *params
	// beyond is what the policy reads of its params and the snapshot does not hold of
	// them; nil if there is nothing.
	beyond []string
	// absence says why the snapshot does not hold the paramKind; empty if it
	// does, or the policy has none.
	absence string
}

func (m *Matcher) newRule(kind Kind, policy generic.PolicyAccessor, binding generic.BindingAccessor, conditions []admissionregistrationv1.MatchCondition, expressions []string) rule {
	u := rule{kind: kind, policy: policy, binding: binding, reads: readsOf(expressions...), certain: m.certain(conditions)}
	if k := policy.GetParamKind(); k != nil {
		if u.params = m.params[*k]; u.params == nil {
			u.absence = cmp.Or(m.paramsAbsence, "the snapshot does not hold it")
		} else if u.params.kept != nil {
			u.beyond = paramReads(expressions...).missing(u.params.kept)
		}
	}
	return u
}

func (u rule) fails() bool {
	return *u.policy.GetFailurePolicy() != admissionregistrationv1.Ignore
}

func (u rule) interception() Interception {
	i := Interception{
		Kind: u.kind, Name: u.policy.GetName(), Webhook: u.binding.GetName(),
		Fails: u.fails(), UserDependent: u.reads.user || u.reads.authorizer,
	}
	if k := u.policy.GetParamKind(); k != nil {
		i.ParamKind = k.APIVersion + " " + k.Kind
	}
	return i
}

// informer returns the params as the API server's policy plugins take them.
func (u rule) informer() (informers.GenericInformer, meta.RESTScope, error) {
	if u.params == nil {
		return nil, nil, nil
	}
	return u.params, u.params.scope, u.params.notServed
}

// matched is how a rule's constraints fit a write. matchConditions are evaluated
// later, but for those that leave nothing undecided.
type matched struct {
	yes bool
	// kind is the version of the object that the policy is shown.
	kind schema.GroupVersionKind
	// undecided says why it can't be told whether they fit, or what the policy
	// says to the write; empty if it can.
	undecided string
	// perhaps says why it can't be told whether they fit, where all is known that
	// the policy would say; empty if it can.
	perhaps string
	// loosened are the constraints that were left out for that.
	loosened []loosening
	// err is an error that the API server has too, and treats by failurePolicy.
	err error
}

func (m *Matcher) match(ctx context.Context, u rule, r *request) matched {
	found := m.matchUnconditionally(u, r)
	if u.harmless() {
		found.undecided = ""
	}
	if found.undecided == "" || u.fails() && (u.absence != "" || u.misconfigured(r)) {
		return found
	}
	if m.excluded(ctx, u.certain, r, found.kind) {
		return matched{}
	}
	return found
}

func (m *Matcher) matchUnconditionally(u rule, r *request) matched {
	if why := m.unknownNamespace(u, r); why != "" {
		found := m.matchConstraints(u.loosen(anyNamespace), r)
		return matched{yes: found.yes || found.err != nil, kind: found.kind, undecided: why}
	}
	var by []loosening
	unknown := r.unknownLabelReason(u.unknownLabel(r))
	if unknown != "" {
		by = append(by, anyObject)
	}
	if u.named() && r.oneOfMany() && (r.unnamed || !r.definitionOfGroup()) {
		by, unknown = append(by, anyName), cmp.Or(unknown, "its rules are for objects of certain names, which differ from one such write to the next")
	}
	if by != nil {
		u = u.loosen(by...)
	}
	found := m.matchConstraints(u, r)
	found.perhaps, found.loosened = unknown, by
	if !found.yes && found.err == nil && m.objects.absence != "" {
		found = m.matchConstraints(u.loosen(anyResourceVersion), r)
		found.undecided = fmt.Sprintf("its rules may match another version of %s: could not read api-resources (%s)", r.GetResource().GroupResource(), m.objects.absence)
	}
	if !found.yes {
		return found
	}
	why := u.unknownParams()
	if why == "" && !u.misconfigured(r) {
		why = u.reads.undecided(r, m.namespaces)
	}
	found.undecided = cmp.Or(found.undecided, why)
	return found
}

// misconfigured reports whether the params can't be had as the API server sees
// it: the kind is not served, or a param is missing that may not be missing. That
// comes before any expression, matchConditions included. Params that could not
// be read count as missing.
func (u rule) misconfigured(r *request) bool {
	informer, scope, err := u.informer()
	if err == nil {
		_, err = generic.CollectParams(u.policy.GetParamKind(), informer, scope, u.binding.GetParamRef(), r.GetNamespace(), nil, nil)
	}
	return err != nil
}

// unserved reports whether the paramKind is not served. The API server then
// rejects all that the policy matches, before it looks at any binding.
func (u rule) unserved() bool { return u.params != nil && u.params.notServed != nil }

func (m *Matcher) matchConstraints(u rule, r *request) matched {
	yes, _, kind, err := m.policyMatcher.DefinitionMatches(r, m.objects, u.policy)
	if err == nil && yes && !u.unserved() {
		yes, err = m.policyMatcher.BindingMatches(r, m.objects, u.binding)
	}
	return matched{yes: yes && err == nil, kind: kind, err: err}
}

// unknownNamespace says why a namespaceSelector can't be held against the write's
// namespace; empty if it can.
func (m *Matcher) unknownNamespace(u rule, r *request) string {
	if !r.namespaced() {
		return ""
	}
	for _, c := range []*admissionregistrationv1.MatchResources{u.policy.GetMatchConstraints(), u.binding.GetMatchResources()} {
		if c == nil {
			continue
		}
		if why := m.namespaces.unknown(r.GetNamespace(), c.NamespaceSelector); why != "" {
			return why
		}
	}
	return ""
}

// unknownParams says why the params that the rule needs are not known; empty if
// they are or it needs none.
func (u rule) unknownParams() string {
	k := u.policy.GetParamKind()
	if k == nil {
		return ""
	}
	why := u.absence
	if u.params != nil {
		why = u.params.unread
		if why == "" && u.beyond != nil {
			why = "the snapshot does not hold " + strings.Join(u.beyond, ".") + ", which no policy of the cluster reads"
		}
		if u.binding.GetParamRef() == nil && u.params.resource.Resource != "" {
			return ""
		}
	}
	if why == "" {
		return ""
	}
	return fmt.Sprintf("could not read its params, %s %s (%s)", k.APIVersion, k.Kind, why)
}

// A loosening leaves some constraints out, of its own copies of them.
type loosening func(*admissionregistrationv1.MatchResources)

func loosened(c *admissionregistrationv1.MatchResources, by []loosening) *admissionregistrationv1.MatchResources {
	if c == nil {
		return nil
	}
	loose := *c
	for _, l := range by {
		l(&loose)
	}
	return &loose
}

// loosen returns the rule without those constraints.
func (u rule) loosen(by ...loosening) rule {
	u.policy = loosePolicy{u.policy, loosened(u.policy.GetMatchConstraints(), by)}
	u.binding = looseBinding{u.binding, loosened(u.binding.GetMatchResources(), by)}
	return u
}

// harmless reports whether nothing that is not known can make the policy deny:
// its binding does not deny what the validations say, it takes no parameters that
// could be missing, and it has no audit annotations, whose errors deny by
// failurePolicy (k8s.io/apiserver pkg/admission/plugin/policy/validating/dispatcher.go,
// Dispatch).
func (u rule) harmless() bool { return u.onlyTells && u.policy.GetParamKind() == nil }

// unknownLabel is as that of a request, for the policy's and its binding's selectors.
func (u rule) unknownLabel(r *request) string {
	for _, c := range []*admissionregistrationv1.MatchResources{u.policy.GetMatchConstraints(), u.binding.GetMatchResources()} {
		if c != nil {
			if key := r.unknownLabel(c.ObjectSelector); key != "" {
				return key
			}
		}
	}
	return ""
}

// named reports whether a rule of the policy or its binding is for objects of certain names.
func (u rule) named() bool {
	names := func(r admissionregistrationv1.NamedRuleWithOperations) bool { return len(r.ResourceNames) > 0 }
	return slices.ContainsFunc([]*admissionregistrationv1.MatchResources{u.policy.GetMatchConstraints(), u.binding.GetMatchResources()}, func(c *admissionregistrationv1.MatchResources) bool {
		return c != nil && (slices.ContainsFunc(c.ResourceRules, names) || slices.ContainsFunc(c.ExcludeResourceRules, names))
	})
}

func anyName(c *admissionregistrationv1.MatchResources) {
	c.ResourceRules = slices.Clone(c.ResourceRules)
	for n := range c.ResourceRules {
		c.ResourceRules[n].ResourceNames = nil
	}
	c.ExcludeResourceRules = slices.DeleteFunc(slices.Clone(c.ExcludeResourceRules), func(r admissionregistrationv1.NamedRuleWithOperations) bool {
		return len(r.ResourceNames) > 0
	})
}

func anyObject(c *admissionregistrationv1.MatchResources) { c.ObjectSelector = &metav1.LabelSelector{} }

func anyNamespace(c *admissionregistrationv1.MatchResources) {
	c.NamespaceSelector = &metav1.LabelSelector{}
}

func anyResourceVersion(c *admissionregistrationv1.MatchResources) {
	if *c.MatchPolicy != admissionregistrationv1.Equivalent {
		return
	}
	c.ResourceRules = slices.Clone(c.ResourceRules)
	for n := range c.ResourceRules {
		c.ResourceRules[n].Rule = anyVersion(c.ResourceRules[n].Rule)
	}
}

// loosePolicy is a policy of whose constraints a part can't be evaluated and is
// taken to match.
type loosePolicy struct {
	generic.PolicyAccessor
	constraints *admissionregistrationv1.MatchResources
}

// GetMatchConstraints implements generic.PolicyAccessor.
func (p loosePolicy) GetMatchConstraints() *admissionregistrationv1.MatchResources {
	return p.constraints
}

// looseBinding is the same for a binding.
type looseBinding struct {
	generic.BindingAccessor
	resources *admissionregistrationv1.MatchResources
}

// GetMatchResources implements generic.BindingAccessor.
func (b looseBinding) GetMatchResources() *admissionregistrationv1.MatchResources {
	return b.resources
}
