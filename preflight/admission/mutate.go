package admission

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/policy/generic"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating/patch"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

// throughMutatingPolicies takes the write through all mutating policies, in the
// order of their names and, where several have a say, in the reverse of it: the
// API server takes them in no fixed order, so that what they make of the write
// may be either. again reports whether one of them may run, and change the
// object, a second time. DELETE has nothing to change and passes none.
func (m *Matcher) throughMutatingPolicies(ctx context.Context, w bootstrap.Write) (after variants, found []Interception, again bool) {
	after = variants{newRequest(w, m.objects)}
	if w.Operation == bootstrap.Delete {
		return after, nil, false
	}
	orders := [][]*mutatingRun{m.mutate(ctx, after[0], m.mutatingPolicies)}
	if len(orders[0]) > 1 {
		reverse := slices.Clone(m.mutatingPolicies)
		slices.Reverse(reverse)
		after = append(after, newRequest(w, m.objects))
		orders = append(orders, m.mutate(ctx, after[1], reverse))
		slices.Reverse(orders[1])
	}
	for n, run := range orders[0] {
		i, ok := after.each(func(order int) (Interception, bool) { return orders[order][n].interception() })
		if ok {
			found = append(found, i)
			again = again || run.policy.Spec.ReinvocationPolicy == admissionregistrationv1.IfNeededReinvocationPolicy
		}
	}
	return after, found, again
}

// mutate runs the policies in one pass, as the API server does: a policy sees the
// changes of those before it, while all are matched against the write as it came.
// The request then holds the changed object. A policy that is undecided changes
// nothing here.
func (m *Matcher) mutate(ctx context.Context, r *request, policies []mutatingRule) []*mutatingRun {
	var runs, together []*mutatingRun
	var hooks []mutating.PolicyHook
	for _, u := range policies {
		found := m.match(ctx, u.rule, r)
		if !found.yes && found.err == nil {
			continue
		}
		run := &mutatingRun{mutatingRule: u, sketch: r.sketch, undecided: cmp.Or(found.undecided, found.perhaps)}
		runs = append(runs, run)
		switch {
		case run.undecided != "":
		case u.applies && !m.schemas.know(found.kind):
			run.undecided = fmt.Sprintf("it applies a configuration to a %s, whose schema a snapshot does not hold", found.kind.Kind)
		case found.err != nil || u.misconfigured(r):
			run.denial = m.mutating.Dispatch(ctx, r, m.objects, []mutating.PolicyHook{run.hook()})
		default:
			together, hooks = append(together, run), append(hooks, run.hook())
		}
	}
	if len(hooks) == 0 {
		return runs
	}
	err := m.mutating.Dispatch(ctx, r, m.objects, hooks)
	if err != nil && !slices.ContainsFunc(together, func(run *mutatingRun) bool { return run.denial != nil || run.undecided != "" }) {
		together[len(together)-1].denial = err
	}
	return runs
}

// mutatingRun is what one mutating policy does with a write by one binding.
type mutatingRun struct {
	mutatingRule
	// sketch is the write's.
	sketch    bool
	undecided string
	// ran says that no matchCondition excluded the write and that a param, if
	// needed, was found.
	ran, mutates bool
	denial       error
}

func (run *mutatingRun) interception() (Interception, bool) {
	i := run.rule.interception()
	i.Undecided, i.Mutates = run.undecided, run.mutates
	if run.denial != nil {
		i.Denial = run.denial.Error()
	}
	return i, run.ran || run.denial != nil || run.undecided != ""
}

// fail notes an error of an expression. The API server rejects the write where
// failurePolicy is Fail, and with an error that has a status of its own always
// (k8s.io/apiserver pkg/admission/plugin/policy/mutating/dispatcher.go,
// dispatchInvocations).
func (run *mutatingRun) fail(err error) {
	var status *apierrors.StatusError
	switch {
	case run.denial != nil:
	case errors.As(err, &status):
		run.denial = status
	case run.fails() && run.sketch && patchesMissing(err):
		run.undecided = "its JSON Patch needs more of the object than its name, which differs from one such write to the next"
	case run.fails():
		run.denial = generic.PolicyError{Policy: run.rule.policy, Binding: run.rule.binding, Message: err}
	}
}

// patchesMissing reports whether a JSON Patch does not apply for want of what it is for: a
// real object may have that, of which a sketch holds but the name. An error of the
// expression that makes the patch is none of these (k8s.io/apiserver
// pkg/admission/plugin/policy/mutating/patch/json_patch.go, Patch).
func patchesMissing(err error) bool {
	return errors.Is(err, jsonpatch.ErrMissing) || errors.Is(err, jsonpatch.ErrInvalidIndex)
}

// hook returns the policy as the API server's dispatcher takes it, noting in run
// what becomes of it.
func (run *mutatingRun) hook() mutating.PolicyHook {
	e := run.compiled()
	if e.Matcher != nil {
		e.Matcher = conditionsSeen{e.Matcher, run}
	}
	e.Mutators = slices.Clone(e.Mutators)
	for n, p := range e.Mutators {
		e.Mutators[n] = patchSeen{p, run}
	}
	h := mutating.PolicyHook{Policy: run.policy, Bindings: []*mutating.PolicyBinding{run.binding}, Evaluator: e}
	h.ParamInformer, h.ParamScope, h.ConfigurationError = run.informer()
	return h
}

type conditionsSeen struct {
	matchconditions.Matcher
	run *mutatingRun
}

// Match implements matchconditions.Matcher.
func (c conditionsSeen) Match(ctx context.Context, attr *admission.VersionedAttributes, params runtime.Object, authz authorizer.UnconditionalAuthorizer) matchconditions.MatchResult {
	result := c.Matcher.Match(ctx, attr, params, authz)
	if result.Error != nil {
		c.run.fail(result.Error)
	}
	return result
}

type patchSeen struct {
	patch.Patcher
	run *mutatingRun
}

// Patch implements patch.Patcher.
func (p patchSeen) Patch(ctx context.Context, r patch.Request, budget int64) (runtime.Object, error) {
	before := r.VersionedAttributes.VersionedObject.Object()
	after, err := p.Patcher.Patch(ctx, r, budget)
	p.run.ran = true
	if err != nil {
		p.run.fail(err)
		return nil, err
	}
	p.run.mutates = p.run.mutates || !apiequality.Semantic.DeepEqual(before, after)
	return after, nil
}

// schemas are those of the built-in kinds, as client-go has them. The schema of
// other kinds is in the cluster.
type schemas struct {
	builtIn func() managedfields.TypeConverter
}

func newSchemas() schemas {
	return schemas{sync.OnceValue(func() managedfields.TypeConverter {
		return applyconfigurations.NewTypeConverter(scheme.Scheme)
	})}
}

func (s schemas) know(kind schema.GroupVersionKind) bool {
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(kind)
	_, err := s.builtIn().ObjectToTyped(o)
	return err == nil
}

// GetTypeConverter implements patch.TypeConverterManager. What has no schema
// here is only ever patched, which needs none.
func (s schemas) GetTypeConverter(kind schema.GroupVersionKind) managedfields.TypeConverter {
	if s.know(kind) {
		return s.builtIn()
	}
	return managedfields.NewDeducedTypeConverter()
}

// Run implements patch.TypeConverterManager; there is nothing to keep up to date.
func (schemas) Run(context.Context) {}
