package admission

import (
	"context"
	"sync"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/generic"
	"k8s.io/apiserver/pkg/admission/plugin/policy/matching"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	webhookgeneric "k8s.io/apiserver/pkg/admission/plugin/webhook/generic"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	"k8s.io/apiserver/pkg/cel/environment"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// Needs returns the facts that matching reads. Match takes webhooks, policies
// and bindings that are absent from the snapshot for none at all: whoever calls
// it reports them. Where they were asked for in vain and may change objects, the
// interceptions that depend on what is in those are undecided. Where namespaces, api-resources or policy-params are absent,
// the interceptions that depend on them are undecided. Where server-version is,
// webhooks are taken to see all that any version shows them.
func Needs() []facts.Fact {
	return []facts.Fact{
		facts.APIResources, facts.ServerVersion,
		facts.ValidatingWebhooks, facts.MutatingWebhooks,
		facts.ValidatingPolicies, facts.ValidatingPolicyBindings,
		facts.MutatingPolicies, facts.MutatingPolicyBindings, facts.PolicyParams,
		facts.Namespaces,
	}
}

// privileged lets those pass whom the API server does: what a hook writes, it writes as one of them.
func privileged() authorizer.Authorizer {
	return authorizerfactory.NewPrivilegedGroups(user.SystemPrivilegedGroup)
}

// Match returns who intercepts the write, in the order in which the API server
// runs them.
func Match(s *facts.Snapshot, w bootstrap.Write) []Interception { return For(s).Match(w) }

// For returns the matcher for the webhooks and policies of s. It is made once
// per snapshot.
func For(s *facts.Snapshot) *Matcher { return derivation.Of(s) }

var derivation = &facts.Derivation[*Matcher]{Compute: newMatcher}

// A Matcher holds the webhooks and policies of a snapshot, ready to be matched.
// It is safe for concurrent use.
type Matcher struct {
	objects    objects
	namespaces namespaces
	schemas    schemas

	authorizer authorizer.Authorizer

	plugin        *webhookgeneric.Webhook
	policyMatcher generic.PolicyMatcher
	validating    generic.Dispatcher[validating.PolicyHook]
	mutating      generic.Dispatcher[mutating.PolicyHook]

	// passedByWebhooks and passedByPolicies are resources that none of them sees.
	passedByWebhooks, passedByPolicies map[schema.GroupResource]bool

	mutatingWebhooks, validatingWebhooks []hook
	mutatingPolicies                     []mutatingRule
	validatingPolicies                   []validatingRule

	// unseen is what could not be read and may change writes, as [request] has it.
	unseen string

	// answers are those of mutating webhooks.
	answers map[Culprit][]facts.Attempt

	params map[admissionregistrationv1.ParamKind]*params
	// paramsAbsence says why no params could be read; empty if some were.
	paramsAbsence string
}

// conditionCompiler compiles matchConditions apart from their webhook or policy. To build
// its environments takes longer than all that it then compiles.
var conditionCompiler = sync.OnceValue(func() cel.ConditionCompiler {
	return cel.NewConditionCompiler(environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()))
})

func newMatcher(s *facts.Snapshot) *Matcher {
	ns := namespacesOf(s)
	authz := privileged()
	constraints := matching.NewMatcher(ns, nil)
	m := &Matcher{objects: objectsOf(s), namespaces: ns, schemas: newSchemas(), params: paramsOf(s), authorizer: authz, unseen: unseenChanges(s), answers: answersOf(s)}
	if a, absent := s.Absence(facts.PolicyParams); absent {
		m.paramsAbsence = a.String()
	}
	m.plugin = plugin.Of(s)
	m.policyMatcher = generic.NewPolicyMatcher(constraints)
	m.validating = validating.NewDispatcher(authz, m.policyMatcher)
	m.mutating = mutating.NewDispatcher(authz, constraints, m.schemas)
	m.passedByWebhooks, m.passedByPolicies = passedBy(s)
	m.mutatingWebhooks, m.validatingWebhooks = m.mutatingHooks(s), m.validatingHooks(s)
	m.mutatingPolicies, m.validatingPolicies = m.mutatingRules(s), m.validatingRules(s)
	return m
}

// Match returns who intercepts the write, in the order in which the API server
// runs them: mutating policies, mutating webhooks, validating policies, and
// validating webhooks, which are called all at once. What comes after a denial is
// returned too, though the API server stops there.
//
// The write is changed on its way by mutating policies, and then by mutating webhooks as
// these were seen to.
func (m *Matcher) Match(w bootstrap.Write) []Interception {
	ctx := context.Background()
	r := newRequest(w, m.objects)
	resource := r.GetResource().GroupResource()
	webhooks := !m.passedByWebhooks[resource] && !rules.IsExemptAdmissionConfigurationResource(r)
	policies := !m.passedByPolicies[resource]

	after := variants{r}
	var found []Interception
	again := false
	if policies {
		after, found, again = m.throughMutatingPolicies(ctx, w)
	}
	m.leaveOpen(after)
	if webhooks {
		by := m.throughMutatingWebhooks(ctx, after, again)
		found, after = append(found, by...), m.patched(w, after, by)
		m.leaveOpen(after)
	}
	if policies {
		found = append(found, m.throughValidatingPolicies(ctx, after)...)
	}
	if webhooks {
		found = append(found, m.throughValidatingWebhooks(ctx, after)...)
	}
	if policies && w.AtStart() {
		found = m.beforeKindsAreLearned(r, found)
	}
	return found
}
