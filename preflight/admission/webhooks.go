package admission

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/webhook"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/generic"
	webhookutil "k8s.io/apiserver/pkg/util/webhook"
	"k8s.io/client-go/informers"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// hook is a webhook, ready to be matched.
type hook struct {
	webhook.WebhookAccessor
	kind        Kind
	reads       reads
	certain     certainty
	reinvocable bool
}

// newPlugin returns the API server's webhook plugin for its decision alone: it
// has no source of webhooks and calls none.
func newPlugin(s *facts.Snapshot) *generic.Webhook {
	p, err := generic.NewWebhook(admission.NewHandler(), nil,
		func(informers.SharedInformerFactory, sets.Set[schema.GroupResource]) generic.Source { return nil },
		func(*webhookutil.ClientManager) generic.Dispatcher { return nil })
	if err != nil {
		panic(fmt.Sprintf("admission: the webhook plugin refuses an empty configuration: %v", err))
	}
	p.SetExternalKubeInformerFactory(informerFactory{nil, namespacesOf(s)})
	p.SetUnconditionalAuthorizer(privileged())
	return p
}

var plugin = &facts.Derivation[*generic.Webhook]{Compute: newPlugin, From: func() []facts.Fact { return []facts.Fact{facts.Namespaces} }}

// mutatingHooks returns the webhooks in the order in which they are called: by
// the name of the configuration, then as listed (k8s.io/apiserver
// pkg/admission/configuration/mutating_webhook_manager.go).
func (m *Matcher) mutatingHooks(s *facts.Snapshot) []hook {
	configs, _ := facts.MutatingWebhooks.Get(s)
	configs = slices.SortedStableFunc(slices.Values(configs), func(a, b admissionregistrationv1.MutatingWebhookConfiguration) int {
		return cmp.Compare(a.Name, b.Name)
	})
	var hooks []hook
	for _, c := range configs {
		for n, h := range c.Webhooks {
			h := withDefaultsMutating(h)
			hooks = append(hooks, hook{
				WebhookAccessor: webhook.NewMutatingWebhookAccessor(uid(c.Name, h.Name, n), c.Name, h),
				kind:            MutatingWebhook,
				reads:           readsOf(conditions(h.MatchConditions)...),
				certain:         m.certain(h.MatchConditions),
				reinvocable:     *h.ReinvocationPolicy == admissionregistrationv1.IfNeededReinvocationPolicy,
			})
		}
	}
	return hooks
}

// validatingHooks returns the webhooks in a fixed order; they are called at once.
func (m *Matcher) validatingHooks(s *facts.Snapshot) []hook {
	configs, _ := facts.ValidatingWebhooks.Get(s)
	configs = slices.SortedStableFunc(slices.Values(configs), func(a, b admissionregistrationv1.ValidatingWebhookConfiguration) int {
		return cmp.Compare(a.Name, b.Name)
	})
	var hooks []hook
	for _, c := range configs {
		for n, h := range c.Webhooks {
			h := withDefaultsValidating(h)
			hooks = append(hooks, hook{
				WebhookAccessor: webhook.NewValidatingWebhookAccessor(uid(c.Name, h.Name, n), c.Name, h),
				kind:            ValidatingWebhook,
				reads:           readsOf(conditions(h.MatchConditions)...),
				certain:         m.certain(h.MatchConditions),
			})
		}
	}
	return hooks
}

func uid(config, name string, n int) string { return fmt.Sprintf("%s/%s/%d", config, name, n) }

func conditions(cs []admissionregistrationv1.MatchCondition) []string {
	var expressions []string
	for _, c := range cs {
		expressions = append(expressions, c.Expression)
	}
	return expressions
}

// throughMutatingWebhooks returns the webhooks in the order in which they are
// called, each after the other. again reports whether a mutating policy may
// change the object after them.
//
// Once any of them changes the object, the mutating plugins run a second time,
// and a webhook with reinvocationPolicy IfNeeded is called again if the object
// was changed after its first call: by a later webhook, or by a policy in the
// second run (k8s.io/apiserver pkg/admission/plugin/webhook/mutating/{dispatcher,reinvocationcontext}.go).
func (m *Matcher) throughMutatingWebhooks(ctx context.Context, after variants, again bool) []Interception {
	var found []Interception
	var reinvocable []bool
	for _, h := range m.mutatingWebhooks {
		if i, ok := after.see(func(r *request) (Interception, bool) { return m.throughHook(ctx, h, r) }); ok {
			found = append(found, i)
			reinvocable = append(reinvocable, h.reinvocable && after[0].GetObject() != nil)
		}
	}
	for n := range found {
		found[n].Reinvoked = reinvocable[n] && (again || n < len(found)-1)
	}
	return found
}

func (m *Matcher) throughValidatingWebhooks(ctx context.Context, after variants) []Interception {
	var found []Interception
	for _, h := range m.validatingWebhooks {
		if i, ok := after.see(func(r *request) (Interception, bool) { return m.throughHook(ctx, h, r) }); ok {
			found = append(found, i)
		}
	}
	return found
}

// throughHook returns what the webhook does with the write, or false if it does not see it.
func (m *Matcher) throughHook(ctx context.Context, h hook, r *request) (Interception, bool) {
	var undecided string
	loose := looseHook{WebhookAccessor: h.WebhookAccessor}
	if why := m.namespaces.unknown(r.GetNamespace(), h.GetNamespaceSelector()); r.namespaced() && why != "" {
		loose.anyNamespace = true
		undecided = why
	}
	if why := r.unknownLabelReason(r.unknownLabel(h.GetObjectSelector())); why != "" {
		loose.anyObject = true
		undecided = cmp.Or(undecided, why)
	}
	if why := h.reads.undecided(r, m.namespaces); why != "" {
		loose.anyCondition = true
		undecided = cmp.Or(undecided, why)
	}
	invocation, err := m.plugin.ShouldCallHook(ctx, loose, r, m.objects, r)
	if invocation == nil && err == nil && m.objects.absence != "" && *h.GetMatchPolicy() == admissionregistrationv1.Equivalent {
		loose.anyVersion = true
		undecided = cmp.Or(undecided, fmt.Sprintf("its rules may match another version of %s: could not read api-resources (%s)", r.GetResource().GroupResource(), m.objects.absence))
		invocation, err = m.plugin.ShouldCallHook(ctx, loose, r, m.objects, r)
	}
	if loose.anyCondition && invocation != nil && m.excluded(ctx, h.certain, r, invocation.Kind) {
		return Interception{}, false
	}
	if invocation == nil && err == nil {
		return Interception{}, false
	}
	i := h.interception()
	switch {
	case undecided != "":
		i.Undecided = undecided
	case err != nil:
		i.Denial = err.Error()
		return i, true
	}
	i.show(r, invocation)
	return i, true
}

func (h hook) interception() Interception {
	i := Interception{
		Kind: h.kind, Name: h.GetConfigurationName(), Webhook: h.GetName(),
		Fails:          *h.GetFailurePolicy() != admissionregistrationv1.Ignore,
		Timeout:        time.Duration(*h.GetTimeoutSeconds()) * time.Second,
		Backend:        BackendOf(h.GetClientConfig()),
		UserDependent:  h.reads.user || h.reads.authorizer,
		ReviewVersions: h.GetAdmissionReviewVersions(),
	}
	if e := h.GetSideEffects(); e != nil {
		i.DryRunnable = *e == admissionregistrationv1.SideEffectClassNone || *e == admissionregistrationv1.SideEffectClassNoneOnDryRun
	}
	return i
}

// show notes what the webhook is sent.
func (i *Interception) show(r *request, v *generic.WebhookInvocation) {
	i.Resource, i.ObjectKind, i.Unseen = r.GetResource(), r.GetKind(), r.unseen
	if v != nil && i.Undecided == "" {
		i.Resource, i.ObjectKind = v.Resource, v.Kind
	}
	if a, err := r.VersionedAttribute(i.ObjectKind); err == nil {
		i.Object, i.OldObject = unstructuredOf(a.VersionedObject.Object()), unstructuredOf(a.VersionedOldObject.Object())
	}
}

func unstructuredOf(o runtime.Object) *unstructured.Unstructured {
	u, _ := o.(*unstructured.Unstructured)
	return u
}

// looseHook is a webhook of which a part can't be evaluated and is taken to match.
type looseHook struct {
	webhook.WebhookAccessor
	anyNamespace, anyObject, anyCondition, anyVersion bool
}

// GetParsedObjectSelector implements webhook.WebhookAccessor.
func (h looseHook) GetParsedObjectSelector() (labels.Selector, error) {
	if h.anyObject {
		return labels.Everything(), nil
	}
	return h.WebhookAccessor.GetParsedObjectSelector()
}

// GetParsedNamespaceSelector implements webhook.WebhookAccessor.
func (h looseHook) GetParsedNamespaceSelector() (labels.Selector, error) {
	if h.anyNamespace {
		return labels.Everything(), nil
	}
	return h.WebhookAccessor.GetParsedNamespaceSelector()
}

// GetMatchConditions implements webhook.WebhookAccessor.
func (h looseHook) GetMatchConditions() []admissionregistrationv1.MatchCondition {
	if h.anyCondition {
		return nil
	}
	return h.WebhookAccessor.GetMatchConditions()
}

// GetRules implements webhook.WebhookAccessor.
func (h looseHook) GetRules() []admissionregistrationv1.RuleWithOperations {
	rules := h.WebhookAccessor.GetRules()
	if !h.anyVersion {
		return rules
	}
	rules = slices.Clone(rules)
	for n := range rules {
		rules[n].Rule = anyVersion(rules[n].Rule)
	}
	return rules
}

// anyVersion returns the rule as it is where every version is served.
func anyVersion(r admissionregistrationv1.Rule) admissionregistrationv1.Rule {
	r.APIVersions = []string{"*"}
	if slices.Contains(r.Resources, "events") && (slices.Contains(r.APIGroups, "") || slices.Contains(r.APIGroups, "events.k8s.io")) {
		r.APIGroups = append(slices.Clone(r.APIGroups), "", "events.k8s.io")
	}
	return r
}
